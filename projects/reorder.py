from __future__ import annotations

from typing import TypeVar

from django.db import transaction

from projects.models import Label, Project, Question

Row = TypeVar("Row", Label, Question)


def move_label(*, label: Label, place: int) -> None:
    """Put the label at this place, from 1, among those of its question; the rest close up."""
    with transaction.atomic():
        _take_turns(label.question.project)
        others = list(label.question.labels.exclude(pk=label.pk))
        Label.objects.bulk_update(_numbered(others, label, place), ["position"])


def move_question(*, question: Question, place: int) -> None:
    """Put the question at this place, from 1, among those of its project."""
    with transaction.atomic():
        _take_turns(question.project)
        others = list(question.project.questions.exclude(pk=question.pk))
        Question.objects.bulk_update(_numbered(others, question, place), ["position"])


def _numbered(others: list[Row], row: Row, place: int) -> list[Row]:
    rows = others.copy()
    rows.insert(min(max(place - 1, 0), len(rows)), row)
    for position, each in enumerate(rows):
        each.position = position
    return rows


def _take_turns(project: Project) -> None:
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
