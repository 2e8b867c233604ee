import json

import pytest

from projects.config import config_of
from projects.models import Project, Role
from tests.factories import answer, make_documents, make_member, make_project, make_question

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

    with django_assert_num_queries(3):
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


def test_a_new_project_tells_its_owner_what_is_missing(client_of, db):
    project = make_project(slug="new")
    owner = make_member(project, "olga", Role.OWNER)

    steps = client_of(owner).get("/projects/new/").context["to_do"]

    assert [step.page for step in steps] == ["labels", "imports", "guidelines", "people"]


def test_settings_are_saved_and_a_new_reserve_begins_an_epoch(owner, project):
    form = {"name": "Mail", "overlap": "2", "queue_order": "imported", "reserve_percent": "30"}

    owner.post("/projects/tickets/settings/", form)

    project.refresh_from_db()
    assert (project.name, project.overlap, project.queue_order) == ("Mail", 2, "imported")
    assert (project.reserve, project.reserve_epoch) == (0.3, 2)


def test_an_unchanged_reserve_begins_none(owner, project):
    form = {"name": "Mail", "overlap": "1", "queue_order": "random", "reserve_percent": "20"}

    owner.post("/projects/tickets/settings/", form)

    assert Project.objects.get().reserve_epoch == 1


def test_what_slots_were_made_from_is_fixed_once_there_are_documents(owner, project):
    make_documents(project, count=1)
    form = {"name": "Mail", "overlap": "3", "queue_order": "imported", "reserve_percent": "20"}

    owner.post("/projects/tickets/settings/", form)

    project.refresh_from_db()
    assert (project.name, project.overlap, project.queue_order) == ("Mail", 1, "random")


def test_the_set_up_can_be_taken_elsewhere(owner, project):
    make_question(project, "tone", labels=["Angry"])

    response = owner.get("/projects/tickets/settings/project.json")

    assert json.loads(response.content) == config_of(project)
