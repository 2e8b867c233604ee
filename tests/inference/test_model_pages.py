from __future__ import annotations

import pytest

from inference import live
from inference.models import ModelKind, ModelVersion, Stage, Suggestion
from projects.models import Role
from tests.factories import make_documents, make_member, make_project, make_question

LIST = "/projects/tickets/models/"
DETAIL = "/projects/tickets/models/topic/1/"


@pytest.fixture
def version(project, serving):
    live.refresh(project)
    return ModelVersion.objects.get()


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

    assert "Nothing suggests for this question yet." in page
    assert not ModelVersion.objects.exists()


def test_a_project_without_questions_says_so(client_of, alice, question):
    question.delete()

    assert "There is no question to suggest for." in client_of(alice).get(LIST).content.decode()


def test_the_list_names_what_suggests(client_of, version, alice):
    page = client_of(alice).get(LIST).content.decode()

    assert "The model has learned from 0 answers" in page
    assert "suggests from the wording of the labels alone." in page
    assert "Fake encoder live 1.0" in page
    assert "Champion" in page


@pytest.mark.parametrize("others", [0, 2], ids=["one row", "three rows"])
def test_the_list_costs_the_same_however_long(
    client_of, project, version, alice, others, django_assert_num_queries
):
    for number in range(2, 2 + others):
        fine_tuned(project, number)
    client = client_of(alice)

    with django_assert_num_queries(5):  # session, user, membership, questions, versions
        assert client.get(LIST).content.decode().count("<tr>") == 2 + others


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

    assert "marks nothing yet" in client.get(LIST).content.decode()
    assert (
        "It has seen no answers yet"
        in client.get("/projects/tickets/models/names/1/").content.decode()
    )

    facts = {"answers": 3, "spans": 5, "offered_from": 0.25}
    ModelVersion.objects.filter(question=names).update(parameters=facts)

    assert "It learned from 5 spans in 3 answers." in client.get(LIST).content.decode()
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
