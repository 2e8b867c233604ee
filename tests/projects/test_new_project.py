import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from projects.config import config_of, problems_of
from projects.models import Project, Role
from projects.starting import STARTERS, free_slug
from tests.factories import make_member, make_project, make_question

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.name)
def test_a_starter_makes_a_project_that_its_maker_owns(client_of, charlie, starter):
    response = client_of(charlie).post("/new/", {"name": "My texts", "start": starter.name})

    project = Project.objects.get(slug="my-texts")
    made = config_of(project)
    assert response.url == "/projects/my-texts/"
    assert problems_of(starter.config) == []
    assert made["guidelines"] == starter.config["guidelines"]
    assert made["questions"] == [
        {"title": "", **question} for question in starter.config["questions"]
    ]
    assert project.memberships.get().user == charlie
    assert project.memberships.get().role == Role.OWNER


def test_an_address_that_is_taken_is_refused_and_a_derived_one_is_not(client_of, charlie):
    make_project(slug="texts")
    client = client_of(charlie)

    refused = client.post("/new/", {"name": "Texts", "slug": "texts", "start": "empty"})
    derived = client.post("/new/", {"name": "Texts", "start": "empty"})

    assert refused.status_code == 422
    assert "A project “texts” exists already" in refused.content.decode()
    assert 'value="texts"' in refused.content.decode()
    assert derived.url == "/projects/texts-2/"


@pytest.mark.parametrize("name", ["日本語", "***", "new"])
def test_every_name_has_an_address(name):
    assert free_slug(name)


def upload(client, content):
    file = SimpleUploadedFile("setup.json", content)
    return client.post("/new/", {"name": "From a file", "start": "file", "file": file})


def test_a_downloaded_set_up_makes_the_same_project_without_its_people(
    client_of, alice, bob, project, charlie
):
    make_question(project, "names", labels=["Person"], kind="span", overlapping=True, position=1)
    downloaded = client_of(alice).get("/projects/tickets/settings/project.json").content

    upload(client_of(charlie), downloaded)

    before, after = config_of(project), config_of(Project.objects.get(slug="from-a-file"))
    assert after["questions"] == before["questions"]
    assert after["members"] == [{"username": "charlie", "role": "owner"}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "line 1, column 2"),
        (b"\xff", "byte 0 is not UTF-8"),
        (b"[]", "config: must be a JSON object"),
        (b'{"questions": [{"name": "a b", "kind": "span"}]}', "questions[0].name: letters"),
        (b'{"questions": [], "reserve": 7}', "reserve: must be a share"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_line_by_line(client_of, charlie, content, words):
    response = upload(client_of(charlie), content)

    assert response.status_code == 422
    assert words in response.content.decode()
    assert 'value="From a file"' in response.content.decode()
    assert not Project.objects.exists()


@pytest.mark.parametrize("people", [True, False])
def test_a_copy_takes_the_set_up_and_people_if_wanted(client_of, alice, bob, project, people):
    form = {"name": "Again", "start": "copy", "source": "tickets"}
    client_of(alice).post("/new/", {**form, **({"with_people": "on"} if people else {})})

    copy = Project.objects.get(slug="again")
    assert config_of(copy)["questions"] == config_of(project)["questions"]
    names = set(copy.memberships.values_list("user__username", flat=True))
    assert names == ({"alice", "bob"} if people else {"alice"})


def test_only_an_owner_copies_a_project(client_of, project, bob):
    make_member(make_project(slug="mine"), "bob", Role.OWNER)
    form = {"name": "Again", "start": "copy", "source": "tickets"}

    response = client_of(bob).post("/new/", form)

    assert response.status_code == 422
    assert not Project.objects.filter(slug="again").exists()


def test_the_page_asks_for_a_name_and_keeps_what_was_chosen(client_of, charlie):
    response = client_of(charlie).post("/new/", {"name": "", "start": "topics"})

    assert response.status_code == 422
    assert 'value="topics" checked' in response.content.decode()
