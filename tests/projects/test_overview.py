import json

import pytest

from projects.config import config_of
from projects.models import Role
from projects.write_guidelines import write_guidelines
from tests.factories import (
    answer,
    make_documents,
    make_label,
    make_member,
    make_project,
    make_question,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client_of, alice):
    return client_of(alice)


@pytest.mark.parametrize("count", [1, 3])
def test_home_lists_my_projects_at_a_constant_cost(
    client_of, charlie, django_assert_num_queries, count
):
    for _ in range(count):
        project = make_project()
        make_member(project, "charlie", Role.ANNOTATOR)
        make_documents(project, count=2)
    client = client_of(charlie)

    with django_assert_num_queries(4):
        response = client.get("/")

    assert [progress.total for _, progress in response.context["rows"]] == [2] * count


def test_home_says_what_to_do_without_projects(client_of, charlie):
    assert "You are in no project yet" in client_of(charlie).get("/").content.decode()


def test_the_overview_counts_documents(owner, project, bob):
    first, _ = make_documents(project, count=2)
    make_documents(project, count=1, state="owner")
    make_documents(project, count=1, state="done")
    answer(first, bob, "Refund")

    progress = owner.get("/projects/tickets/").context["progress"]

    assert (progress.done, progress.open, progress.with_owner, progress.percent) == (2, 1, 1, 50)


@pytest.mark.parametrize(
    ("role", "sees_others"),
    [("owner", True), ("reviewer", True), ("annotator", False), ("viewer", False)],
)
def test_who_looks_after_a_project_sees_who_did_what(client_of, project, bob, role, sees_others):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    client = client_of(make_member(project, "gus", role))

    page = client.get("/projects/tickets/").content.decode()

    assert ("Answers by person" in page) == sees_others
    assert ("<bdi>bob</bdi>" in page) == sees_others


def test_the_overview_tells_who_answered_how_much_and_what_happened_last(owner, project, bob, dora):
    first, second = make_documents(project, count=2)
    answer(first, bob, "Refund")
    answer(second, bob, "Praise")
    bob.memberships.get().delete()

    context = owner.get("/projects/tickets/").context

    assert [(row.user.username, row.answers) for row in context["members"]] == [
        ("alice", 0),
        ("dora", 0),
    ]
    assert context["others"] == 2
    assert [(event.actor, event.document) for event in context["activity"]] == [
        (bob, second),
        (bob, first),
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_the_overview_has_a_constant_cost(owner, project, django_assert_num_queries, count):
    for number, document in enumerate(make_documents(project, count=count)):
        answer(document, make_member(project, f"annotator{number}", Role.ANNOTATOR), "Refund")

    with django_assert_num_queries(16):
        response = owner.get("/projects/tickets/")

    assert len(response.context["activity"]) == count


@pytest.mark.parametrize(
    ("answered", "words"), [(0, "Start labelling"), (1, "Go on labelling"), (2, "Look at my")]
)
def test_an_annotator_is_told_where_to_go(client_of, project, bob, answered, words):
    for document in make_documents(project, count=2)[:answered]:
        answer(document, bob, "Refund")

    assert words in client_of(bob).get("/projects/tickets/").content.decode()


def test_a_viewer_is_not_asked_to_label(client_of, project, vera):
    make_documents(project, count=1)

    assert "labelling</a>" not in client_of(vera).get("/projects/tickets/").content.decode()


def test_a_new_project_leads_its_owner_to_the_first_answer(client_of, db):
    project = make_project(slug="new")
    owner = make_member(project, "olga", Role.OWNER)

    def left():
        steps = client_of(owner).get("/projects/new/").context["steps"]
        return [step.page for step in steps if not step.done]

    assert left() == ["labels", "labels", "guidelines", "people", "imports"]
    question = make_question(project, labels=())
    assert left() == ["labels", "guidelines", "people", "imports"]
    make_label(question, "Refund")
    write_guidelines(project=project, text="Mark it.", author=owner)
    assert left() == ["people", "imports"]
    make_member(project, "anna", Role.ANNOTATOR)
    make_documents(project, count=1)
    assert client_of(owner).get("/projects/new/").context["steps"] == []


def test_a_new_name_is_saved_and_how_documents_are_served_is_not_touched(owner, project):
    make_documents(project, count=1)

    owner.post("/projects/tickets/settings/", {"name": "Mail", "overlap": "3"})

    project.refresh_from_db()
    assert (project.name, project.overlap, project.queue_order) == ("Mail", 1, "random")


def test_the_set_up_can_be_taken_elsewhere(owner, project):
    make_question(project, "tone", labels=["Angry"])

    response = owner.get("/projects/tickets/settings/project.json")

    assert json.loads(response.content) == config_of(project)
