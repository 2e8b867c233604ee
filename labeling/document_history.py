"""What happened to a document, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labeling.models import Event, EventKind
from labeling.skip import SkipReason
from projects.models import Document

MOST_EVENTS = 200
WORDS: dict[str, tuple[str, str]] = {
    EventKind.CREATE: ("answered", ""),
    EventKind.REVISE: ("changed their answer", "corrected the answer"),
    EventKind.SKIP: ("skipped it", ""),
    EventKind.IMPORT: ("brought an answer", ""),
    EventKind.WITHDRAW: ("", "withdrew the answer"),
    EventKind.RESTORE: ("restored the document", "put back the answer"),
    EventKind.DELETE: ("deleted the document", ""),
    EventKind.ERASE: ("erased the document", ""),
    EventKind.MODEL: ("had a model label it", ""),
    EventKind.CLEAR: ("took the model's answer back", ""),
    EventKind.MERGE: ("merged labels", "merged labels in the answer"),
}
"""What was done to the document or to one's own answer, and what to the answer of somebody else."""


@dataclass(frozen=True, slots=True)
class Happening:
    event: Event
    who: str
    did: str
    what: str
    why: str


def history_of(document: Document, names: Mapping[int, str]) -> list[Happening]:
    """The newest first. `names`: label id to name. One query."""
    events = document.events.select_related("actor", "annotator", "guideline", "replaces")
    return [_happening(event, names) for event in events.order_by("-pk")[:MOST_EVENTS]]


def _happening(event: Event, names: Mapping[int, str]) -> Happening:
    return Happening(
        event=event,
        who=event.actor.shown_name if event.actor else "An import",
        did=_did(event),
        what=_answers(event.payload, names),
        why=_why(event),
    )


def _did(event: Event) -> str:
    if event.kind == EventKind.UNDO:
        return _took_back(event)
    words, of_answer = WORDS.get(event.kind, ("", ""))
    if not of_answer or not _is_anothers(event):
        return words or event.get_kind_display().lower()
    if event.annotator_id is not None and event.annotator_id == event.actor_id:
        return of_answer.replace("the answer", "their own answer")
    whose = f"of {event.annotator.shown_name}" if event.annotator else "of the import"
    return f"{of_answer} {whose}"


def _is_anothers(event: Event) -> bool:
    """Whether it is about an answer that is not the actor's own."""
    of_import = event.kind != EventKind.REVISE and "answers" in event.payload
    imported = event.payload.get("imported") or of_import or event.kind == EventKind.WITHDRAW
    return event.annotator is not None or bool(imported)


def _took_back(event: Event) -> str:
    undone = event.replaces
    if undone is not None and undone.kind == EventKind.SKIP:
        return "took the skip back"
    return "took the change back" if event.payload.get("answers") else "took the answer back"


def _answers(payload: Mapping[str, Any], names: Mapping[int, str]) -> str:
    """The labels that the event speaks of, spans with what they mark."""
    if "answers" not in payload:
        return ""
    items = [item for of_question in payload["answers"].values() for item in of_question]
    if not items:
        return "none of these"
    return ", ".join(_item(item, names) for item in items)


def _item(item: Mapping[str, Any], names: Mapping[int, str]) -> str:
    name = names.get(item["label"], "a label that is gone")
    return f"{name} “{item['quote']}”" if item.get("quote") else name


def _why(event: Event) -> str:
    reason = event.payload.get("reason", "")
    if event.kind == EventKind.SKIP and reason in SkipReason.values:
        reason = SkipReason(reason).label
    note = event.payload.get("note", "")
    return ": ".join(filter(None, [reason, note]))
