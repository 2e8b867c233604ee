"""The page of predictions: searched, page by page, given out, and silent about blind documents."""

from __future__ import annotations

import csv
import io
import json

import pytest

from inference.models import ModelKind, ModelVersion, Suggestion
from inference.predicting import record
from inference.predictions import job as predicting
from projects import jobs
from projects.models import DocumentState, Job, QuestionKind
from tests.factories import answer, make_documents, make_member, make_project, make_question

pytestmark = pytest.mark.django_db
URL = "/projects/tickets/models/predictions/"
BLIND = {"in_reserve": True, "display_coin": 0.1}


@pytest.fixture
def version(project, question):
    return make_version(question)


def make_version(question, number=4, **fields):
    fields.setdefault("kind", ModelKind.FINE_TUNED)
    return ModelVersion.objects.create(
        project=question.project, question=question, number=number, name="Tuned BERT", **fields
    )


@pytest.fixture
def say(question, version):
    """Record that the version gives a document this label."""

    def said(document, label="Refund", score=0.9, *, offered=True):
        row = question.labels.get(name=label)
        items = [{"label": row.pk, "score": score, "offered": offered}]
        record(version, [document], [items], "4")
        return Suggestion.objects.get(document=document)

    return said


def texts_on(response) -> list[str]:
    return [row.excerpt for row in response.context["page"].rows]


def test_the_newest_come_first(project, alice, client_of, say):
    for text in ("one", "two", "three"):
        say(make_documents(project, text)[0])

    response = client_of(alice).get(URL)

    assert texts_on(response) == ["three", "two", "one"]
    assert "Tuned BERT 4" in response.text
    assert "Refund 90%" in response.text


@pytest.mark.parametrize("count", [1, 3])
def test_queries(project, alice, bob, client_of, say, django_assert_num_queries, count):
    for document in make_documents(project, count=count):
        say(document)
        answer(document, bob, "Praise")
    client = client_of(alice)

    with django_assert_num_queries(14):
        assert len(client.get(URL).context["page"].rows) == count


def test_twenty_five_a_page(project, alice, client_of, say):
    for document in make_documents(project, count=27):
        say(document)
    client = client_of(alice)

    first = client.get(URL)
    after = first.context["page"].after
    second = client.get(URL, {"after": after})

    assert len(first.context["page"].rows) == 25
    assert len(second.context["page"].rows) == 2
    assert f"after={after}" in first.text
    assert second.context["page"].after == 0
    assert not set(texts_on(first)) & set(texts_on(second))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"least": "80"}, ["sure"]),
        ({"most": "79.5"}, ["late", "unsure"]),
        ({"least": "40", "most": "50"}, ["unsure"]),
        ({"state": "done"}, ["sure"]),
        ({"label": "Late delivery"}, ["late"]),
        ({"label": "Praise"}, []),
    ],
)
def test_filters(project, question, alice, client_of, say, filters, expected):
    sure, unsure, late = make_documents(project, "sure", "unsure", "late")
    say(sure, score=0.9)
    say(unsure, score=0.45)
    say(late, "Late delivery", 0.7)
    type(sure).objects.filter(pk=sure.pk).update(state=DocumentState.DONE)
    if "label" in filters:
        filters = {"label": question.labels.get(name=filters["label"]).pk}

    assert texts_on(client_of(alice).get(URL, filters)) == expected


def test_what_differs_from_the_answer(project, question, alice, bob, client_of, say):
    type(question).objects.filter(pk=question.pk).update(required=False)
    same, other, none, unanswered = make_documents(project, "same", "other", "none", "open")
    for document in (same, other, none, unanswered):
        say(document)
    answer(same, bob, "Refund")
    answer(other, bob, "Praise")
    answer(none, bob)

    response = client_of(alice).get(URL, {"differs": "1"})

    assert texts_on(response) == ["none", "other"]
    assert [row.answered for row in response.context["page"].rows] == [[], ["Praise"]]
    everything = client_of(alice).get(URL).context["page"].rows
    assert [row.differs for row in everything] == [False, True, True, False]


def test_rare_differences_are_searched_further(project, alice, bob, client_of, say, monkeypatch):
    from inference.predictions import search

    monkeypatch.setattr(search, "WINDOW", 2)
    monkeypatch.setattr(search, "MOST_WINDOWS", 2)
    documents = make_documents(project, *[f"text {n}" for n in range(6)])
    for document in documents:
        say(document)
        answer(document, bob, "Praise" if document == documents[0] else "Refund")
    client = client_of(alice)

    first = client.get(URL, {"differs": "1"})
    after = first.context["page"].after
    second = client.get(URL, {"differs": "1", "after": after})

    assert texts_on(first) == []
    assert "Search further" in first.text
    assert texts_on(second) == ["text 0"]


@pytest.mark.parametrize("state", ["open", "done"])
def test_nothing_is_told_of_blind_documents(project, alice, client_of, say, state):
    [hidden] = make_documents(project, "a secret", **BLIND)
    [seen] = make_documents(project, "in the open")
    say(hidden)
    say(seen)
    type(hidden).objects.filter(pk=hidden.pk).update(state=state)
    client = client_of(alice)

    response = client.get(URL)

    assert texts_on(response) == ["in the open"]
    assert "1 prediction of blind documents is hidden" in response.text
    for form in ("csv", "jsonl"):
        assert hidden.external_id not in client.get(f"{URL}export/?as={form}").getvalue().decode()


def test_deleted_documents_are_out(project, alice, client_of, say):
    [gone] = make_documents(project, "gone")
    say(gone)
    type(gone).objects.filter(pk=gone.pk).update(state=DocumentState.DELETED)

    assert texts_on(client_of(alice).get(URL)) == []


def test_where_it_abstains(project, alice, client_of, say):
    say(make_documents(project, "unclear")[0], score=0.3, offered=False)

    assert "Abstains; at best Refund 30%" in client_of(alice).get(URL).text


@pytest.mark.parametrize(
    ("filters", "problem"),
    [
        ({"least": "90", "most": "10"}, "The lowest score is above the highest"),
        ({"least": "much"}, "A score is a number of percent"),
        ({"most": "nan"}, "A score is a number of percent"),
        ({"label": "x"}, "There is no such label"),
        ({"version": "999"}, "There is no such version"),
        ({"state": "erased"}, "There is no such state"),
    ],
)
def test_filters_that_mean_nothing_say_so(alice, client_of, version, filters, problem):
    response = client_of(alice).get(URL, filters)

    assert response.status_code == 422
    assert problem in response.text
    assert client_of(alice).get(f"{URL}export/", filters).status_code == 422


def test_a_version_of_another_project_is_none(alice, client_of, version):
    other = make_version(make_question(make_project(slug="other")))

    assert client_of(alice).get(URL, {"version": other.pk}).status_code == 422


def test_what_suggests_is_shown_first(project, question, alice, client_of, version):
    make_version(question, number=9)
    type(version).objects.filter(pk=version.pk).update(stage="champion")

    assert client_of(alice).get(URL).context["filters"].version == version


def test_without_versions_it_says_what_comes_here(alice, client_of, project):
    assert "Nothing was predicted yet." in client_of(alice).get(URL).text


def test_csv(project, alice, client_of, say):
    [document] = make_documents(project, "text")
    type(document).objects.filter(pk=document.pk).update(external_id="=1+1")
    say(document)

    response = client_of(alice).get(f"{URL}export/?as=csv")

    rows = list(csv.DictReader(io.StringIO(response.getvalue().decode())))
    assert response["Content-Disposition"].endswith('"tickets-topic-4-predictions.csv"')
    assert [list(row) for row in rows] == [
        ["id", "question", "answer", "score", "model", "version", "time"]
    ]
    assert rows[0]["id"] == "'=1+1"
    assert (rows[0]["answer"], rows[0]["score"]) == ("Refund", "0.9")
    assert (rows[0]["question"], rows[0]["model"], rows[0]["version"]) == (
        "topic",
        "Tuned BERT",
        "4",
    )


def test_a_file_holds_what_the_filters_leave(project, alice, bob, client_of, say, monkeypatch):
    monkeypatch.setattr("inference.predictions.export.CHUNK", 2)
    documents = make_documents(project, count=5)
    for place, document in enumerate(documents):
        say(document, score=place / 5)
    answer(documents[4], bob, "Praise")
    client = client_of(alice)

    def ids(**filters):
        content = client.get(f"{URL}export/", {"as": "jsonl", **filters}).getvalue().decode()
        return [json.loads(line)["id"] for line in content.splitlines()]

    assert ids() == [one.external_id for one in documents[::-1]]
    assert ids(least="30") == [one.external_id for one in documents[:1:-1]]
    assert ids(differs="1") == [documents[4].external_id]


def test_spans_in_files_and_on_the_page(alice, client_of, db):
    project = make_project(slug="names")
    make_member(project, "alice", "owner")
    question = make_question(project, "names", labels=("person",), kind=QuestionKind.SPAN)
    version = make_version(question)
    [document] = make_documents(project, "Ann was here")
    span = {"field": "text", "start": 0, "end": 3, "score": 0.8, "offered": True}
    record(version, [document], [[{"label": question.labels.get().pk, **span}]], "4")
    client = client_of(alice)

    page = client.get("/projects/names/models/predictions/")
    [line] = (
        client.get("/projects/names/models/predictions/export/?as=jsonl").getvalue().splitlines()
    )

    assert page.context["page"].rows[0].said == ["person “Ann” 80%"]
    assert json.loads(line)["answer"] == [
        {"field": "text", "start": 0, "end": 3, "label": "person", "score": 0.8}
    ]


def test_an_unknown_kind_of_file_is_not_found(alice, client_of, version):
    assert client_of(alice).get(f"{URL}export/?as=xml").status_code == 404


def test_owners_have_a_version_asked(project, alice, client_of, version):
    make_documents(project, "text")
    assert "Of 1 document nothing is recorded yet." in client_of(alice).get(URL).text

    response = client_of(alice).post("/projects/tickets/models/topic/4/predict/")

    assert response.url == f"{URL}?version={version.pk}"
    [job] = Job.objects.filter(kind=predicting.KIND)
    assert job.created_by == alice


def test_how_far_it_is_is_shown(project, alice, client_of, version):
    jobs.add(project=project, kind=predicting.KIND, params={"version": version.pk})

    shown = client_of(alice).get(URL)

    assert "Waiting for a worker to ask Tuned BERT 4" in shown.text
    assert 'hx-trigger="every 2s"' in shown.text


def test_asking_is_stopped(project, alice, client_of, version):
    job = jobs.add(project=project, kind=predicting.KIND, params={"version": version.pk})

    client_of(alice).post("/projects/tickets/models/topic/4/predict/stop/")

    job.refresh_from_db()
    assert job.state == "cancelled"


def test_why_it_could_not_be_asked_is_said(project, alice, client_of, version):
    params = {"version": version.pk}
    job = jobs.add(project=project, kind=predicting.KIND, params=params)
    type(job).objects.filter(pk=job.pk).update(state="failed", error="It is gone.")

    assert "could not be asked about every document. It is gone." in client_of(alice).get(URL).text


def test_a_live_head_is_not_asked(project, question, alice, client_of):
    make_version(question, number=2, kind=ModelKind.LIVE)

    response = client_of(alice).post("/projects/tickets/models/topic/2/predict/", follow=True)

    assert "follows the answers" in response.text
    assert not Job.objects.filter(kind=predicting.KIND).exists()


def test_reviewers_look_but_do_not_ask(project, rita, client_of, version):
    make_documents(project, "text")

    page = client_of(rita).get(URL)

    assert page.status_code == 200
    assert "/predict/" not in page.text
