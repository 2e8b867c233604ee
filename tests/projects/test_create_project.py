import json

import pytest
from django.core.management import CommandError, call_command

from projects.config import BadConfig, config_of
from projects.create_project import create_project
from projects.models import Project, Role
from tests.factories import make_user

pytestmark = pytest.mark.django_db

TICKETS = {
    "name": "Tickets",
    "guidelines": "# Rules\n\nBe kind.",
    "overlap": 2,
    "reserve": 0.1,
    "queue_order": "uncertain",
    "suggest_from": 0.4,
    "data_license": "CC-BY-4.0",
    "text_fields": ["subject", "body"],
    "questions": [
        {
            "name": "topic",
            "title": "What is it about?",
            "kind": "choice",
            "multiple": True,
            "required": False,
            "labels": [
                {"name": "Refund", "description": "Money back.", "color": "27", "hotkey": "r"},
                {"name": "退款 🎉", "description": "", "color": "", "hotkey": ""},
            ],
        },
        {
            "name": "entities",
            "title": "Mark names",
            "kind": "span",
            "overlapping": True,
            "required": False,
            "labels": [{"name": "Person", "description": "", "color": "", "hotkey": "p"}],
        },
    ],
    "members": [{"username": "alice", "role": "owner"}],
}


def changed(**changes):
    return {**TICKETS, **changes}


def question(**changes):
    return changed(questions=[{**TICKETS["questions"][0], **changes}])


def label(**changes):
    return question(labels=[{**TICKETS["questions"][0]["labels"][0], **changes}])


def test_a_config_comes_back_as_it_went_in():
    make_user("alice")

    project = create_project(slug="tickets", config=TICKETS)

    assert config_of(project) == TICKETS


def test_only_name_and_questions_are_needed():
    config = {"name": "Bare", "questions": [{"name": "topic", "kind": "choice"}]}

    project = create_project(slug="bare", config=config)

    assert (project.overlap, project.reserve, project.text_fields) == (1, 0.2, ["text"])
    assert project.questions.get().required
    assert project.guideline is None


def test_the_author_becomes_an_owner():
    author = make_user("alice")

    project = create_project(slug="tickets", config=changed(members=[]), author=author)

    assert project.memberships.get().role == Role.OWNER


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ([], "config: must be a JSON object"),
        (changed(nam="x"), "“nam” is not known here"),
        (changed(name=""), "name: must not be empty"),
        (changed(name="a\0b"), "U+0000"),
        (changed(name="\ud800"), "lone surrogate"),
        (changed(overlap=0), "overlap: must be a whole number from 1 to 20"),
        (changed(overlap=True), "overlap: must be a whole number"),
        (changed(reserve=1.5), "reserve: must be a share"),
        (changed(suggest_from=True), "suggest_from: must be a share from 0 to 1, or null"),
        (changed(suggest_from=40), "suggest_from: must be a share from 0 to 1, or null"),
        (changed(queue_order="best"), "queue_order: must be one of random, imported"),
        (changed(text_fields=[]), "text_fields: must be a list"),
        (changed(text_fields=["a", "a"]), "text_fields: a name stands twice"),
        (changed(questions=None), "questions: must be a list"),
        (changed(questions=["x"]), "questions[0]: must be an object"),
        (question(name="two words"), "questions[0].name: letters, figures"),
        (question(name="id"), "“id” is a column of exports"),
        (question(name="body"), "“body” is a column of exports"),
        (question(name="unresolved"), "“unresolved” is a column of exports"),
        (question(name=["x"]), "questions[0].name: letters, figures"),
        (changed(text_fields=[{}]), "text_fields[0]: letters, figures"),
        (changed(text_fields=["id"]), "text_fields: “id” is a column of exports"),
        (question(kind="tree"), "questions[0].kind: must be one of"),
        (question(kind="relation"), "only “choice” or “span” can be labelled"),
        (question(kind="span"), "questions[0].multiple: a span question takes any number"),
        (question(overlapping=True), "questions[0].overlapping: only spans can overlap"),
        (question(overlapping="no"), "questions[0].overlapping: must be true or false"),
        (question(multiple="yes"), "questions[0].multiple: must be true or false"),
        (label(name=" "), "questions[0].labels[0].name: must not be empty"),
        (label(hotkey="z"), "questions[0].labels[0].hotkey"),
        (label(color="red"), "questions[0].labels[0].color"),
        (label(color="9" * 5000), "questions[0].labels[0].color"),
        (question(labels=[{"name": "a"}, {"name": "a"}]), "the name “a” stands twice"),
        (
            question(labels=[{"name": "a", "hotkey": "r"}, {"name": "b", "hotkey": "R"}]),
            "the hotkey “r” stands twice",
        ),
        (changed(members=[{"username": "nobody", "role": "owner"}]), "no user “nobody”"),
        (changed(members=[{"username": "alice", "role": "king"}]), "members[0].role"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(config, problem):
    make_user("alice")

    with pytest.raises(BadConfig) as raised:
        create_project(slug="tickets", config=config)

    assert problem in str(raised.value)
    assert not Project.objects.exists()


def test_every_problem_is_told_at_once():
    with pytest.raises(BadConfig) as raised:
        create_project(slug="no good", config=changed(overlap=0, reserve=2, members=[]))

    assert [line.split(":")[0] for line in raised.value.problems] == ["slug", "overlap", "reserve"]


def test_a_slug_is_used_once():
    create_project(slug="tickets", config=changed(members=[]))

    with pytest.raises(BadConfig, match="exists already"):
        create_project(slug="tickets", config=changed(members=[]))


def test_the_command_reads_a_file(tmp_path, capsys):
    make_user("alice")
    path = tmp_path / "tickets.json"
    path.write_text("\ufeff" + json.dumps(TICKETS), encoding="utf-8")

    call_command("create_project", "tickets", "--config", str(path))

    assert (
        "Created “Tickets” (tickets): 2 questions, 3 labels, 1 members." in capsys.readouterr().out
    )


def test_a_project_without_an_owner_says_so(tmp_path, capsys):
    path = tmp_path / "bare.json"
    path.write_text('{"name": "Bare", "questions": [{"name": "topic", "kind": "choice"}]}')

    call_command("create_project", "bare", "--config", str(path))

    assert "Nobody owns it yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "words", "code"),
    [
        (b"{", "line 1, column 2", 2),
        (b"\xff", "byte 0 is not UTF-8", 2),
        (b"{}", "nothing was created", 1),
        (b"[" * 100_000, "nested too deeply", 2),
        (b'{"overlap": ' + b"9" * 5000 + b"}", "a number too long", 2),
        (None, "No such file", 2),
    ],
)
def test_the_command_says_where_a_file_is_broken(tmp_path, content, words, code):
    path = tmp_path / "tickets.json"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(CommandError, match=words) as raised:
        call_command("create_project", "tickets", "--config", str(path))

    assert raised.value.returncode == code
