"""The resolved answer: the one function behind training, freezing, metrics and export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch

from labeling.models import Annotation, Answer
from projects.models import Project

Labels = frozenset[int]
"""Ids of the labels one person chose for one question; empty when none fits."""


@dataclass(frozen=True, slots=True)
class Given:
    """One person's answers: question id to the labels chosen, for the questions answered."""

    annotator: int | None
    labels: Mapping[int, Labels]


def majority(answers: Sequence[Labels], *, multiple: bool) -> Labels | None:
    """What a strict majority holds; None when there is no such thing (unresolved).

    Single choice compares whole answers. Multiple choice counts each label by itself, and is
    empty only if a majority chose nothing.
    """
    needed = len(answers) / 2
    if not multiple:
        votes = Counter(answers)
        return next((labels for labels, n in votes.items() if n > needed), None)
    held = Counter(label for labels in answers for label in labels)
    winners = frozenset(label for label, n in held.items() if n > needed)
    if winners or sum(not labels for labels in answers) > needed:
        return winners
    return None


def resolve(given: Iterable[Given], *, multiple: Mapping[int, bool]) -> dict[int, Labels]:
    """Question id to the resolved labels; unresolved and unanswered questions are left out.

    `multiple` says of each question id whether several labels may be chosen.
    """
    people = list(given)
    resolved: dict[int, Labels] = {}
    for question, is_multiple in multiple.items():
        answers = [person.labels[question] for person in people if question in person.labels]
        labels = majority(answers, multiple=is_multiple)
        if labels is not None:
            resolved[question] = labels
    return resolved


def given_answers(project: Project, documents: Collection[int]) -> dict[int, list[Given]]:
    """Document id to the answers that count, for these ids. Two queries."""
    annotations = (
        Annotation.objects.in_project(project)
        .counted()
        .filter(document__in=documents)
        .prefetch_related(Prefetch("answers", Answer.objects.exclude(label=None).order_by("pk")))
        .order_by("document", "pk")
    )
    given: dict[int, list[Given]] = {}
    for annotation in annotations:
        given.setdefault(annotation.document_id, []).append(_given(annotation))
    return given


def resolved_answers(project: Project, documents: Collection[int]) -> dict[int, dict[int, Labels]]:
    """Document id to its resolved answers (see `resolve`), for these ids. Three queries."""
    multiple = dict(project.questions.values_list("pk", "multiple"))
    return {
        document: resolve(given, multiple=multiple)
        for document, given in given_answers(project, documents).items()
    }


def _given(annotation: Annotation) -> Given:
    labels: dict[int, set[int]] = {pk: set() for pk in annotation.answered_questions}
    for answer in annotation.answers.all():
        if answer.label_id is not None:
            labels.setdefault(answer.question_id, set()).add(answer.label_id)
    return Given(annotation.annotator_id, {pk: frozenset(ids) for pk, ids in labels.items()})
