"""Which key chooses which label."""

from __future__ import annotations

from collections.abc import Sequence

from projects.models import Label, Question, QuestionKind

RESERVED = frozenset("sz0fhuq")
"""Skip, undo, none of these, the next question, the newer suggestion; the rest is for what is to
come.
"""

PLACES = "12345"
"""Where labels outnumber keys: the likeliest five, whatever their names are."""

SPARE = [key for key in "123456789abcdefghijklmnopqrstuvwxyz" if key not in RESERVED]


def keys_for(labels: Sequence[Label], *, kept: str = "") -> dict[int, str]:
    """Label id to its key: the owner's choice, else the next free one, "" when none is left.

    Keys that are `kept` go to no label, not even by the owner's choice.
    """
    own = {label.pk: label.hotkey.lower() for label in labels if label.hotkey}
    own = {pk: key for pk, key in own.items() if key not in kept}
    taken = {*own.values(), *kept}
    spare = iter([key for key in SPARE if key not in taken])
    return {label.pk: own.get(label.pk) or next(spare, "") for label in labels}


def keys_of(question: Question) -> dict[int, str]:
    """Label id to its key in one question."""
    labels = list(question.labels.all())
    keys = keys_for(labels)
    if all(keys.values()) or question.kind == QuestionKind.SPAN:
        return keys
    return keys_for(labels, kept=PLACES)


def keys_on_page(questions: Sequence[Question]) -> dict[int, str]:
    """Label id to its key, for all questions of a page.

    Questions that choose are answered one after the other and share the first keys. Text is marked
    at any time: beside such a question no key means two things, as long as there are enough.
    """
    labels = [label for question in questions for label in question.labels.all()]
    marks = any(question.kind == QuestionKind.SPAN for question in questions)
    if marks and len(questions) > 1 and all((keys := keys_for(labels)).values()):
        return keys
    return {label: key for question in questions for label, key in keys_of(question).items()}
