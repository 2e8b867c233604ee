"""One answered item, between what a person picks, what events keep and the rows of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from labeling.exposures import SuggestedItem
from labeling.models import Annotation, Answer
from labeling.spans import Span, quote_of

Pick = int | Span
"""The id of a chosen label, or a span."""

Chosen = Mapping[int, Sequence[Pick]]
"""Question id to the picks: labels in their order, spans as in the text; empty: none of them."""


class Item(TypedDict):
    """A pick with its provenance, as kept in events and answers; the last four are a span's."""

    label: int
    origin: str
    suggested: NotRequired[SuggestedItem | None]
    model_version: NotRequired[str]
    field: NotRequired[str]
    start: NotRequired[int]
    end: NotRequired[int]
    quote: NotRequired[str]


Items = dict[int, list[Item]]
"""Question id to its answered items."""


def item_of(pick: Pick, texts: Mapping[str, str], origin: str) -> Item:
    """An item without a suggestion behind it."""
    if isinstance(pick, int):
        return {"label": pick, "origin": origin}
    return {
        "label": pick.label,
        "field": pick.field,
        "start": pick.start,
        "end": pick.end,
        "quote": quote_of(pick, texts),
        "origin": origin,
    }


def pick_of(item: Mapping[str, Any] | Answer) -> Pick:
    """What was picked, of an event's item or of an answer's row."""
    if isinstance(item, Answer):
        item = {
            "field": item.field,
            "start": item.start,
            "end": item.end,
            "label": item.label_id,
        }
    if item.get("end") is None:
        return int(item["label"])
    return Span(item["field"], item["start"], item["end"], item["label"])


def stored_pick(value: Any) -> Pick:
    """A pick as JSON gives it back: a span is a list there."""
    return Span(*value) if isinstance(value, list) else int(value)


def answer_rows(annotation: Annotation, items: Mapping[int, Sequence[Item]]) -> list[Answer]:
    """Rows, not saved yet, for the items of every question."""
    return [
        Answer(
            annotation=annotation,
            question_id=question,
            label_id=item["label"],
            field=item.get("field", ""),
            start=item.get("start"),
            end=item.get("end"),
            quote=item.get("quote", ""),
            origin=item["origin"],
            suggested=item.get("suggested"),
            model_version=item.get("model_version", ""),
        )
        for question, of_question in items.items()
        for item in of_question
    ]
