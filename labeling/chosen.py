"""Reading and checking what a person chose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.http import QueryDict

from projects.models import Project, Question, QuestionKind

MOST_DIGITS = 18
"""Of an id that a database could hold."""

Chosen = Mapping[int, list[int]]
"""Question id to the label ids chosen, in the order of the labels; empty: none of them."""


class InvalidAnswers(Exception):
    """An answer is missing or does not fit its question. `errors`: question id to the reason."""

    def __init__(self, errors: Mapping[int, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


def chosen_from(post: QueryDict, questions: Iterable[Question]) -> dict[int, list[int]]:
    """What a form says: `q-<question id>` holds label ids. Raises InvalidAnswers."""
    chosen: dict[int, list[int]] = {}
    errors: dict[int, str] = {}
    for question in questions:
        values = [value for value in post.getlist(f"q-{question.pk}") if value]
        if all(value.isdecimal() and len(value) <= MOST_DIGITS for value in values):
            chosen[question.pk] = [int(value) for value in values]
        else:
            errors[question.pk] = f"{question.shown_title}: that is not a label."
    if errors:
        raise InvalidAnswers(errors)
    return chosen


def check(chosen: Chosen, questions: Iterable[Question]) -> dict[int, list[int]]:
    """The chosen labels of every question, in label order. Raises InvalidAnswers."""
    checked: dict[int, list[int]] = {}
    errors: dict[int, str] = {}
    for question in questions:
        wanted = set(chosen.get(question.pk, []))
        known = [label.pk for label in question.labels.all() if label.pk in wanted]
        checked[question.pk] = known
        reason = _wrong(question, wanted, known)
        if reason:
            errors[question.pk] = f"{question.shown_title}: {reason}"
    if errors:
        raise InvalidAnswers(errors)
    return checked


def _wrong(question: Question, wanted: set[int], known: list[int]) -> str:
    if len(known) < len(wanted):
        return "a chosen label no longer exists. Choose again."
    if len(known) > 1 and not question.multiple:
        return "choose one label only."
    if question.required and not known:
        return "choose a label, or skip the document."
    return ""


def questions_of(project: Project) -> list[Question]:
    """The questions a person can answer today, with their labels loaded. Two queries."""
    return list(project.questions.filter(kind=QuestionKind.CHOICE).prefetch_related("labels"))
