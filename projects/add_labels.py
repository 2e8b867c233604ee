from __future__ import annotations

from django.db import transaction
from django.db.models import Max

from projects.changes import announce_change
from projects.models import Label, Project, Question

LONGEST_NAME, LONGEST_DESCRIPTION, MOST_LINES = 200, 10_000, 1000


class BadLines(Exception):
    """`problems`: every "Line n: what is wrong" of a pasted list."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def add_labels(*, question: Question, text: str) -> int:
    """Add a label for every line, "name" or "name: description"; all or none.

    Returns how many. Raises BadLines.
    """
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=question.project_id)
        rows, problems = _read(text, set(question.labels.values_list("name", flat=True)))
        if problems:
            raise BadLines(problems)
        last = question.labels.aggregate(last=Max("position"))["last"]
        first = 0 if last is None else last + 1
        Label.objects.bulk_create(
            Label(question=question, name=name, description=words, position=position)
            for position, (name, words) in enumerate(rows, first)
        )
        announce_change(question.project_id)
    return len(rows)


def _read(text: str, taken: set[str]) -> tuple[list[tuple[str, str]], list[str]]:
    rows: list[tuple[str, str]] = []
    problems: list[str] = []
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        return [], [f"At most {MOST_LINES:,} lines at once."]
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, _, description = (part.strip() for part in line.partition(":"))
        why = _wrong_with(name, description, taken)
        if why:
            problems.append(f"Line {number}: {why}")
        taken.add(name)
        rows.append((name, description))
    if not rows:
        problems.append("Write a label on each line.")
    return rows, problems


def _wrong_with(name: str, description: str, taken: set[str]) -> str:
    if not name:
        return "the name is missing."
    if "\0" in name + description:
        return "holds the character U+0000, which cannot be stored."
    if len(name) > LONGEST_NAME:
        return f"the name is longer than {LONGEST_NAME} characters."
    if len(description) > LONGEST_DESCRIPTION:
        return f"the description is longer than {LONGEST_DESCRIPTION:,} characters."
    return f"there is a label “{name}” already." if name in taken else ""
