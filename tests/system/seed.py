"""Fills a fresh database: a project, three annotators and documents. Run by the tests."""

import sys

import django

django.setup()

from projects.models import Role  # noqa: E402
from tests.factories import make_documents, make_member, make_project, make_question  # noqa: E402

PEOPLE = ("ann", "ben", "cem")


def seed(documents: int) -> None:
    project = make_project("Support tickets", slug="tickets")
    make_question(project)
    make_member(project, "owner", Role.OWNER)
    for username in PEOPLE:
        make_member(project, username, Role.ANNOTATOR)
    make_documents(project, count=documents)


if __name__ == "__main__":
    seed(int(sys.argv[1]))
