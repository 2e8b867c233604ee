"""Documents out of the project and back. Nothing is lost: their answers stay, and wait."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from labeling.models import Annotation, Event, EventKind, ModelAnnotation, Slot, SlotState
from projects.changes import announce_change
from projects.models import Document, DocumentState, Project, User
from projects.models.document import DocumentQuerySet

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Consequences:
    """What deleting documents touches."""

    documents: int
    answers: int
    in_hand: int

    @property
    def is_nothing(self) -> bool:
        return not self.documents


def consequences_of(*, project: Project, documents: Collection[int]) -> Consequences:
    """How much would go: documents, submitted answers, and documents somebody works on."""
    total = answers = in_hand = 0
    for pks in _chunks(documents):
        found = project.documents.published().filter(pk__in=pks)
        total += found.count()
        answers += Annotation.objects.submitted().filter(document__in=found).count()
        in_hand += Slot.objects.leased().filter(document__in=found).count()
    return Consequences(total, answers, in_hand)


def delete_documents(
    *, project: Project, documents: Collection[int], owner: User, reason: str = ""
) -> int:
    """Take documents out of queue, lists, counts, learning and exports; returns how many.

    Their answers stay. Those that are out already are passed over, so it can be done again.
    Chunks are transactions of their own: what was interrupted is half done, never half a document.
    """
    deleted = 0
    for pks in _chunks(documents):
        with transaction.atomic():
            rows = _locked(project.documents.published(), pks)
            payloads = [{"state": row.state, "reason": reason} for row in rows]
            _record(rows, payloads, EventKind.DELETE, owner)
            Slot.objects.filter(document__in=rows).exclude(state=SlotState.ANSWERED).update(
                state=SlotState.CLOSED, annotator=None, leased_until=None
            )
            _set_state(rows, DocumentState.DELETED)
            announce_change(project.pk)
            deleted += len(rows)
    return deleted


def restore_documents(*, project: Project, documents: Collection[int], owner: User) -> int:
    """Put deleted documents back where they were; returns how many. Erased ones stay erased."""
    restored = 0
    for pks in _chunks(documents):
        with transaction.atomic():
            rows = _locked(project.documents.deleted(), pks)
            states = _states_before(rows)
            payloads = [{"state": states[row.pk]} for row in rows]
            _record(rows, payloads, EventKind.RESTORE, owner)
            aside: list[Document] = []
            for state in (DocumentState.OWNER, DocumentState.MODEL):
                those = [row for row in rows if states[row.pk] == state]
                _set_state(those, state)
                aside += those
            _into_queue([row for row in rows if row not in aside])
            announce_change(project.pk)
            restored += len(rows)
    return restored


def requeue_documents(*, project: Project, documents: Collection[int]) -> int:
    """Hand documents that went to the owner back to the queue; returns how many."""
    handed = 0
    for pks in _chunks(documents):
        with transaction.atomic():
            rows = _locked(project.documents.with_the_owner(), pks)
            _into_queue(rows)
            handed += len(rows)
    return handed


def _into_queue(rows: Collection[Document]) -> None:
    """Open for the answers that are still wanted; done where none is. As `queue.settle` for one."""
    _set_state(rows, DocumentState.OPEN)
    slots = Slot.objects.filter(document__in=rows)
    slots.filter(state=SlotState.CLOSED).update(state=SlotState.FREE)
    wanted = slots.exclude(state=SlotState.ANSWERED).values_list("document", flat=True)
    waiting = set(wanted)
    _set_state([row for row in rows if row.pk not in waiting], DocumentState.DONE)


def _states_before(rows: Collection[Document]) -> dict[int, str]:
    """Document id to the state it had when it was deleted last. A model's answer may have been
    taken back since: then it is open.
    """
    deletions = Event.objects.filter(document__in=rows, kind=EventKind.DELETE).order_by("pk")
    states = {
        pk: payload.get("state", DocumentState.OPEN)
        for pk, payload in deletions.values_list("document_id", "payload")
    }
    mine = ModelAnnotation.objects.filter(document__in=rows)
    by_model = set(mine.values_list("document", flat=True))
    return {
        pk: DocumentState.OPEN if state == DocumentState.MODEL and pk not in by_model else state
        for pk, state in states.items()
    }


def _record(
    rows: Collection[Document], payloads: list[dict[str, Any]], kind: EventKind, owner: User
) -> None:
    Event.objects.bulk_create(
        Event(
            project_id=row.project_id,
            document=row,
            actor=owner,
            kind=kind,
            client_id=uuid.uuid4(),
            payload=payload,
        )
        for row, payload in zip(rows, payloads, strict=True)
    )


def _set_state(rows: Collection[Document], state: DocumentState) -> None:
    Document.objects.filter(pk__in=[row.pk for row in rows]).update(state=state)


def _locked(documents: DocumentQuerySet, pks: Collection[int]) -> list[Document]:
    rows = documents.filter(pk__in=pks).defer("texts", "meta").order_by("pk")
    return list(rows.select_for_update(no_key=True))


def _chunks(documents: Collection[int]) -> Iterator[list[int]]:
    pks = sorted(documents)
    return (pks[start : start + CHUNK] for start in range(0, len(pks), CHUNK))
