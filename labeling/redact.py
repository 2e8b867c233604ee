"""Taking a document's words out of everything that this room keeps. Only `corpus.erase` calls it.

Events are append-only for everybody else: this is the one place that goes below that guard, and
what it leaves still says who did what, and when.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from labeling.models import Answer, Draft, Event, EventKind, ModelAnnotation, Slot, SlotState
from projects.models import Document, DocumentState

NO_HASH = "0" * 64
OF_ITEMS = ("label", "origin", "model_version")
OF_EXPOSURES = ("label", "score", "offered", "withheld")
HARMLESS = ("arm", "state", "exposures", "painted", "imported")


def redact(document: Document) -> None:
    """Call it in a transaction, with the document locked."""
    Draft.objects.filter(document=document).delete()
    ModelAnnotation.objects.filter(document=document).delete()
    Answer.objects.filter(annotation__document=document).delete()
    document.annotations.update(answered_questions=[])
    Slot.objects.filter(document=document).exclude(state=SlotState.ANSWERED).update(
        state=SlotState.CLOSED, annotator=None, leased_until=None
    )
    for exposure in document.exposures.all():
        exposure.items = [_only(OF_EXPOSURES, item) for item in exposure.items]
        exposure.save(update_fields=["items"])
    unguarded: QuerySet[Event] = QuerySet(Event)
    for event in document.events.all():
        unguarded.filter(pk=event.pk).update(payload=_redacted(event))
    Document.objects.filter(pk=document.pk).update(
        state=DocumentState.ERASED,
        texts=dict.fromkeys(document.texts, ""),
        text_hash=NO_HASH,
        meta={},
        external_id="",
        batch=None,
    )


def _redacted(event: Event) -> dict[str, Any]:
    """Labels and what was shown stay; places, quotes and words in somebody's own hand go."""
    kept = {**_only(HARMLESS, event.payload), "redacted": True}
    if event.kind == EventKind.SKIP:
        kept["reason"] = event.payload.get("reason", "")
    if "answers" in event.payload:
        kept["answers"] = {
            question: [_only(OF_ITEMS, item) for item in items]
            for question, items in event.payload["answers"].items()
        }
    return kept


def _only(keys: tuple[str, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: values[key] for key in keys if key in values}
