"""Answers as the JSON value that files hold: a label, a list of labels, or a list of spans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corpus.record import SPAN, Answer, QuestionColumn, Record, SpanValue


def as_json(answer: Answer | None, question: QuestionColumn, *, fields: int) -> Any:
    """None is unanswered; an empty list, and an empty text for a single label, "none of them".

    `fields`: how many texts a document has; with several, a span says which one it lies in.
    """
    if answer is None:
        return None
    if question.multiple or question.kind == SPAN or len(answer) > 1:
        return _items(answer, fields)
    return answer[0] if answer else ""


def unresolved_as_json(record: Record, *, fields: int) -> Mapping[str, list[list[Any]]]:
    """Question name to a list for each person who answered it."""
    return {
        name: [_items(answer, fields) for answer in said]
        for name, said in record.unresolved.items()
    }


def _items(answer: Answer, fields: int) -> list[Any]:
    return [_span(item, fields) if isinstance(item, SpanValue) else item for item in answer]


def _span(span: SpanValue, fields: int) -> dict[str, Any]:
    where = {"field": span.field} if fields > 1 else {}
    return {**where, "start": span.start, "end": span.end, "label": span.label}
