"""The demo: an invented shop's customer messages, three people, and an hour of their work."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from corpus.demo_work import Annotator, work
from corpus.imports.receiving import receive, start
from corpus.models import ImportState
from corpus.versions.freeze import freeze
from projects.create_project import create_project
from projects.models import Project, User

FOLDER = Path(__file__).parent / "demo"
SLUG = "support-messages"
ANSWERS = 90
EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
RIGHT_TO_LEFT = frozenset({"ARABIC", "HEBREW"})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the demo, with a password that everybody may know."""

    username: str
    first_name: str
    last_name: str
    part: str

    @property
    def password(self) -> str:
        return f"{self.username}-demo"


PEOPLE = (
    Person("olivia", "Olivia", "Park", "project owner"),
    Person("ana", "Ana", "Sousa", "annotator"),
    Person("ben", "Ben", "Adler", "annotator"),
)


def load_demo() -> bool:
    """Make the demo, whole or not at all. False, and nothing done, if it was made before.

    Somebody who deleted it, or who has users of these names, does not want it.
    """
    if Project.objects.filter(slug=SLUG).exists() or demo_users().exists():
        return False
    with transaction.atomic():
        olivia, ana, ben = (add_person(person) for person in PEOPLE)
        project = create_project(slug=SLUG, config=demo_file("project.json"), author=olivia)
        import_messages(project, olivia)
        annotators = (Annotator(ana, EAST_ASIAN), Annotator(ben, RIGHT_TO_LEFT))
        key = demo_file("answers.json")
        work(project=project, key=key, annotators=annotators, answers=ANSWERS)
        freeze(project=project, comment="The first hour", author=olivia)
    return True


def who_can_sign_in() -> list[Person]:
    """The people of the demo whose password is still the one that everybody knows."""
    users = {user.username: user for user in demo_users().filter(is_active=True)}
    return [
        person
        for person in PEOPLE
        if person.username in users and users[person.username].check_password(person.password)
    ]


def demo_users() -> QuerySet[User]:
    return User.objects.filter(username__in=[person.username for person in PEOPLE])


def add_person(person: Person) -> User:
    return User.objects.create_user(
        person.username,
        password=person.password,
        first_name=person.first_name,
        last_name=person.last_name,
    )


def demo_file(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def import_messages(project: Project, olivia: User) -> None:
    """Through the import that everybody uses, at once and in this process."""
    with (FOLDER / "messages.jsonl").open("rb") as file:
        source = receive(
            project=project,
            file=file,
            file_name="messages.jsonl",
            format="jsonl",
            uploaded_by=olivia,
        )
    start(source, created_by=olivia, here=lambda done, total, message: None)
    if source.state != ImportState.DONE or source.rows_bad:
        raise RuntimeError(f"The demo's messages were not imported: {source}.")
