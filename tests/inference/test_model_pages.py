from __future__ import annotations

from datetime import timedelta

import pytest

from inference import legibility, live
from inference.effect.page import effect_figures
from inference.measuring.measure import KIND, figures_of
from inference.measuring.outcomes import Outcome
from inference.models import Measurement, ModelKind, ModelVersion, Stage, Suggestion
from projects.models import Document, JobState, Role
from tests.factories import make_documents, make_member, make_project, make_question

LIST = "/projects/tickets/models/"
DETAIL = "/projects/tickets/models/topic/1/"
HTMX = {"HX-Request": "true"}
NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture
def version(project, serving):
    live.refresh(project)
    return ModelVersion.objects.get()


def measurement(version: ModelVersion, *, n: int, right: int = 0) -> Measurement:
    """Of n documents, half of them Refund, half Praise, `right` suggested as answered."""
    labels = [version.question.labels.get(name=name) for name in ("Refund", "Praise")]
    outcomes = [
        Outcome(
            [{"label": labels[(row + (row >= right)) % 2].pk, "score": 0.75, "offered": True}],
            frozenset([labels[row % 2].pk]),
        )
        for row in range(n)
    ]
    documents = [Document(pk=row) for row in range(n)]
    said = {row: outcome.said for row, outcome in enumerate(outcomes)}
    answers = {row: {version.question.pk: one.answered} for row, one in enumerate(outcomes)}
    return Measurement.objects.create(
        question=version.question,
        model_version=version,
        version=version.version,
        documents=n,
        figures={
            "event": 0,
            "effect": effect_figures(version.question),
            **figures_of(version.question, said, (documents, answers), []),
        },
    )


def fine_tuned(project, number: int, **fields) -> ModelVersion:
    return ModelVersion.objects.create(
        project=project,
        question=project.questions.get(name="topic"),
        name="Topic",
        number=number,
        kind=ModelKind.FINE_TUNED,
        **fields,
    )


@pytest.mark.parametrize("person", ["alice", "rita", "bob", "vera"])
@pytest.mark.parametrize("page", [LIST, DETAIL])
def test_every_member_may_read(request, client_of, version, person, page):
    assert client_of(request.getfixturevalue(person)).get(page).status_code == 200


@pytest.mark.parametrize("page", [LIST, DETAIL])
def test_a_stranger_finds_nothing(client_of, version, charlie, page):
    assert client_of(charlie).get(page).status_code == 404


@pytest.mark.parametrize("page", [LIST, DETAIL])
def test_it_rejects_post(client_of, version, alice, page):
    assert client_of(alice).post(page).status_code == 405


def test_before_anything_suggests_the_page_says_when_it_will(client_of, project, alice, serving):
    page = client_of(alice).get(LIST).content.decode()

    assert "Nothing suggests for “Topic” yet" in page
    assert "It needs no answers to start." in page
    assert not ModelVersion.objects.exists()


def test_a_project_without_questions_says_so(client_of, alice, question):
    question.delete()

    assert "There is no question to suggest for." in client_of(alice).get(LIST).content.decode()


def test_the_page_names_what_suggests(client_of, version, alice):
    page = client_of(alice).get(LIST).content.decode()

    assert "Nobody has measured this model yet" in page
    assert "It suggests from the wording of the labels alone" in page
    assert "Fake encoder live 1.0" in page
    assert "Champion" in page


def test_a_project_with_several_questions_shows_one_at_a_time(client_of, project, version, alice):
    make_question(project, "mood", labels=["Glad", "Angry"])
    client = client_of(alice)

    second = client.get(f"{LIST}?question=mood").content.decode()
    first = client.get(LIST).content.decode()

    assert "Fake encoder live 1.0" in first
    assert "Nothing suggests for “Mood” yet" in second
    assert client.get(f"{LIST}?question=colour").status_code == 404


@pytest.mark.parametrize("others", [0, 2], ids=["one row", "three rows"])
def test_the_page_costs_the_same_however_many_versions_and_figures(
    client_of, project, version, alice, others, django_assert_num_queries
):
    for number in range(2, 2 + others):
        fine_tuned(project, number)
    for number in range(1 + others):
        measurement(version, n=40 + number)
    client = client_of(alice)
    project.jobs.create(kind=KIND, state=JobState.RUNNING)

    legibility.of(project)  # remembered for some minutes
    # session, user, membership, questions, labels, measurement, job, versions
    with django_assert_num_queries(8):
        assert client.get(LIST).content.decode().count("/models/topic/") == 1 + others


def test_opening_the_page_has_the_model_measured_once(client_of, project, version, alice):
    client = client_of(alice)

    client.get(LIST)
    client.get(LIST)

    assert project.jobs.filter(kind=KIND).count() == 1


def test_the_page_asks_again_and_is_told_only_what_is_newer(client_of, version, alice):
    row = measurement(version, n=40)
    stamp = row.stamp
    client = client_of(alice)

    assert client.get(LIST, {"after": row.stamp}, headers=HTMX).status_code == 204
    assert client.get(LIST, {"after": "an older one"}, headers=HTMX).status_code == 200

    row.created_at += timedelta(seconds=1)
    row.save()
    newer = client.get(LIST, {"after": stamp}, headers=HTMX)

    assert newer.status_code == 200
    assert newer.content.decode().lstrip().startswith('<div id="measured"')


def test_with_enough_answers_the_figure_leads_with_its_interval(client_of, version, alice):
    measurement(version, n=40, right=34)

    page = client_of(alice).get(LIST).content.decode()

    assert f"<h1>The model is right on 85{NBSP}% of documents</h1>" in page
    assert "71 to 93 %, n = 40." in page
    assert "always saying “Refund”" in page
    assert f'<dd class="value">50{NBSP}%</dd>' in page


def test_with_too_few_answers_no_figure_is_shown(client_of, project, version, alice):
    measurement(version, n=29, right=29)

    page = client_of(alice).get(LIST).content.decode()

    assert "Too early to say what the model is worth" in page
    assert "29 of 30 blind test documents are answered." in page
    assert "in about 20 more answers" in page
    assert f"100{NBSP}%" not in page


def test_without_a_reserve_the_page_says_that_nothing_can_be_known(
    client_of, project, version, alice, vera
):
    project.reserve = 0
    project.save()
    measurement(version, n=0)

    assert "Set a share for the reserve" in client_of(alice).get(LIST).content.decode()
    assert "An owner can set a share for it." in client_of(vera).get(LIST).content.decode()


def test_figures_of_an_earlier_epoch_are_not_shown(client_of, project, version, alice):
    measurement(version, n=40)
    project.reserve_epoch = 2
    project.save()

    assert "Nobody has measured this model yet" in client_of(alice).get(LIST).content.decode()


def test_names_of_labels_are_those_of_today_and_never_markup(client_of, question, version, alice):
    measurement(version, n=40)
    question.labels.filter(name="Refund").update(name="<b>Money</b> & back")

    page = client_of(alice).get(LIST).content.decode()

    assert "&lt;b&gt;Money&lt;/b&gt; &amp; back" in page
    assert "<b>Money" not in page


def test_a_version_says_where_it_came_from(client_of, project, version, alice):
    [document] = make_documents(project, "a refund")
    Suggestion.objects.create(
        document=document, question=version.question, model_version=version, version="1.0"
    )

    page = client_of(alice).get(DETAIL).content.decode()

    assert "It knows the labels&#x27; names" in page or "It knows the labels' names" in page
    assert "<dd>fake</dd>" in page
    assert "Not measured yet." in page
    assert "<b>1</b><span>document it has suggested for</span>" in page
    assert "scikit-learn" in page


def test_a_span_question_says_what_it_has_learned(client_of, project, alice, serving):
    names = make_question(project, "names", labels=["Person"], kind="span")
    live.refresh(project)
    client = client_of(alice)

    assert "It marks nothing yet" in client.get(f"{LIST}?question=names").content.decode()
    assert (
        "It has seen no answers yet"
        in client.get("/projects/tickets/models/names/1/").content.decode()
    )

    facts = {"answers": 3, "spans": 5, "offered_from": 0.25}
    ModelVersion.objects.filter(question=names).update(parameters=facts)

    assert "from 5 spans in 3 answers" in client.get(f"{LIST}?question=names").content.decode()
    page = client.get("/projects/tickets/models/names/1/").content.decode()
    assert "It has learned from 5 spans in 3 answers." in page
    assert "<dt>Offered from</dt><dd>0.25</dd>" in page
    assert "<dt>Spans</dt>" not in page


def test_an_archived_version_suggests_nowhere(client_of, project, version, alice):
    fine_tuned(project, 2, stage=Stage.ARCHIVED, metrics={"accuracy": 0.81})

    page = client_of(alice).get("/projects/tickets/models/topic/2/").content.decode()

    assert "Nowhere: it is archived." in page
    assert "0.81" in page


def test_an_engine_that_is_off_is_named(client_of, version, alice, settings):
    settings.ENGINE = "off"

    page = client_of(alice).get(LIST).content.decode()

    assert "Suggestions are switched off on this server." in page


def test_a_version_of_another_project_is_not_found(client_of, project, alice, serving):
    other = make_project("Other", slug="other")
    make_question(other, "mood")
    make_member(other, "alice", Role.OWNER)
    live.refresh(other)
    client = client_of(alice)

    assert client.get("/projects/other/models/mood/1/").status_code == 200
    assert client.get("/projects/tickets/models/mood/1/").status_code == 404
    assert client.get("/projects/other/models/mood/2/").status_code == 404
