"""Reading and checking what a person chose."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from django.http import QueryDict

from labeling.items import Chosen, Pick
from labeling.spans import BadSpan, Span, first_overlap, misplaced, quote_of, read_span, shown
from projects.models import Project, Question, QuestionKind

MOST_DIGITS = 18
"""Of an id that a database could hold."""

MOST_SPANS = 2000
"""Of one question in one document."""


class InvalidAnswers(Exception):
    """An answer is missing or does not fit its question. `errors`: question id to the reason."""

    def __init__(self, errors: Mapping[int, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


class BadValue(Exception):
    """A posted value that no page of ours sends."""


def chosen_from(
    post: QueryDict, questions: Iterable[Question], texts: Mapping[str, str]
) -> dict[int, Sequence[Pick]]:
    """What a form says: `q-<question id>` holds label ids, or spans as one JSON list.

    Raises InvalidAnswers.
    """
    chosen: dict[int, Sequence[Pick]] = {}
    errors: dict[int, str] = {}
    for question in questions:
        values = [value for value in post.getlist(f"q-{question.pk}") if value]
        is_span = question.kind == QuestionKind.SPAN
        try:
            chosen[question.pk] = _spans(values, texts) if is_span else _labels(values)
        except (BadValue, BadSpan) as bad:
            errors[question.pk] = f"{question.shown_title}: {bad}"
    if errors:
        raise InvalidAnswers(errors)
    return chosen


def check(
    chosen: Chosen, questions: Iterable[Question], texts: Mapping[str, str]
) -> dict[int, list[Pick]]:
    """The picks of every question: labels in their order, spans as in the text, none twice.

    Raises InvalidAnswers.
    """
    checked: dict[int, list[Pick]] = {}
    errors: dict[int, str] = {}
    for question in questions:
        picks = chosen.get(question.pk, ())
        try:
            if question.kind == QuestionKind.SPAN:
                checked[question.pk] = _checked_spans(question, picks, texts)
            else:
                checked[question.pk] = _checked_labels(question, picks)
        except BadValue as bad:
            errors[question.pk] = f"{question.shown_title}: {bad}"
    if errors:
        raise InvalidAnswers(errors)
    return checked


def questions_of(project: Project) -> list[Question]:
    """The questions a person can answer today, with their labels loaded. Two queries."""
    return list(project.questions.usable().prefetch_related("labels"))


def _labels(values: Sequence[str]) -> list[Pick]:
    if not all(value.isdecimal() and len(value) <= MOST_DIGITS for value in values):
        raise BadValue("that is not a label.")
    return [int(value) for value in values]


def _spans(values: Sequence[str], texts: Mapping[str, str]) -> list[Pick]:
    """Spans of one JSON list. Raises BadValue or BadSpan."""
    try:
        spans = json.loads(values[0]) if values else []
    except (ValueError, RecursionError):
        raise BadValue("that is not a list of spans.") from None
    if not isinstance(spans, list) or len(values) > 1:
        raise BadValue("that is not a list of spans.")
    return [read_span(span, texts) for span in spans]


def _checked_labels(question: Question, picks: Sequence[Pick]) -> list[Pick]:
    """Raises BadValue."""
    wanted = set(picks)
    known: list[Pick] = [label.pk for label in question.labels.all() if label.pk in wanted]
    if len(known) < len(wanted):
        raise BadValue("a chosen label no longer exists. Choose again.")
    if len(known) > 1 and not question.multiple:
        raise BadValue("choose one label only.")
    if question.required and not known:
        raise BadValue("choose a label, or skip the document.")
    return known


def _checked_spans(
    question: Question, picks: Sequence[Pick], texts: Mapping[str, str]
) -> list[Pick]:
    """Raises BadValue."""
    spans = sorted({pick for pick in picks if isinstance(pick, Span)})
    known = {label.pk for label in question.labels.all()}
    if len(spans) < len(set(picks)):
        raise BadValue("that is not a span.")
    if len(spans) > MOST_SPANS:
        raise BadValue(f"{len(spans):,} spans are marked; {MOST_SPANS:,} is the most.")
    for span in spans:
        if why := misplaced(span, texts):
            raise BadValue(why)
        if span.label not in known:
            raise BadValue(f"the label of {shown(quote_of(span, texts))} no longer exists.")
    if not question.overlapping and (two := first_overlap(spans)):
        first, second = (shown(quote_of(span, texts)) for span in two)
        raise BadValue(f"{first} and {second} overlap. Remove one of them.")
    if question.required and not spans:
        raise BadValue("mark at least one, or skip the document.")
    return list(spans)
