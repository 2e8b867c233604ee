"""What models said about one document. Of a blind one nothing is told, on any page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labeling.spans import Span, misplaced, quote_of, shown
from projects.models import Document

MOST_SHOWN = 20
MOST_ITEMS = 5


@dataclass(frozen=True, slots=True)
class Suggested:
    """One thing that a model said: to whom, which labels, how sure."""

    model: str
    to: str
    items: str
    at: datetime


def suggestions_about(document: Document, names: Mapping[int, str]) -> list[Suggested]:
    """What people were shown, then what files brought. Two queries, none for a blind document."""
    if document.is_blind:
        return []
    exposures = document.exposures.exclude(painted_at=None).select_related("annotator")
    said = [
        Suggested(
            model=exposure.model_version,
            to=exposure.annotator.shown_name,
            items=_items(
                [item for item in exposure.shown_items if item["offered"]], document, names
            ),
            at=exposure.painted_at or exposure.created_at,
        )
        for exposure in exposures.order_by("-painted_at")[:MOST_SHOWN]
    ]
    return said + _imported(document, names)


def _imported(document: Document, names: Mapping[int, str]) -> list[Suggested]:
    by_model: dict[str, list[Any]] = {}
    for prediction in document.imported_predictions.all():
        by_model.setdefault(prediction.model_name, []).append(prediction)
    return [
        Suggested(
            model=model or "a model without a name",
            to="",
            items=_items([_as_item(each) for each in predictions], document, names),
            at=predictions[0].created_at,
        )
        for model, predictions in by_model.items()
    ]


def _as_item(prediction: Any) -> dict[str, Any]:
    return {
        "label": prediction.label_id,
        "score": prediction.score,
        "field": prediction.field,
        "start": prediction.start,
        "end": prediction.end,
    }


def _items(items: Iterable[Mapping[str, Any]], document: Document, names: Mapping[int, str]) -> str:
    """The labels with how sure the model was, and with what they mark."""
    every = list(items)
    words = [item_in_words(item, document, names) for item in every[:MOST_ITEMS]]
    more = f"and {len(every) - MOST_ITEMS} more" if len(every) > MOST_ITEMS else ""
    return ", ".join(filter(None, [*words, more])) or "nothing"


def item_in_words(item: Mapping[str, Any], document: Document, names: Mapping[int, str]) -> str:
    name = names.get(item["label"], "a label that is gone")
    score = "" if item.get("score") is None else f" {item['score']:.0%}"
    if item.get("end") is None:
        return f"{name}{score}"
    span = Span(item["field"], item["start"], item["end"], item["label"])
    quote = "" if misplaced(span, document.texts) else f" {shown(quote_of(span, document.texts))}"
    return f"{name}{quote}{score}"
