"""Changing how many answers documents want, and in which order they come, while there are some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, F, FloatField, Q
from django.db.models.functions import Cast

from labeling import queue
from labeling.models import Annotation, Slot, SlotState
from labeling.models.slot import slot_for
from projects.models import Document, DocumentState, Project, QueueOrder

JOB = "change_queue"
CHUNK = 100
MOST_AT_ONCE = 500
"""Documents that a request goes through; beyond that a job does."""

Tell = Callable[[int], None]
"""Called after each chunk with the documents done so far; may raise to stop."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """What another number of answers would do to the documents there are."""

    documents: int
    reopened: int
    closed: int
    kept: int


def consequences_of(project: Project, overlap: int) -> Consequences:
    """`reopened`: done, and asked again; `closed`: open, and done; `kept`: hold more answers."""
    documents = project.documents.published()
    counted = Count("slots", filter=Q(slots__state=SlotState.ANSWERED))
    having = documents.annotate(answered=counted)
    done = having.filter(state=DocumentState.DONE, answered__lt=overlap)
    enough = having.filter(state=DocumentState.OPEN, answered__gte=overlap)
    return Consequences(
        documents=documents.count(),
        reopened=done.count(),
        closed=enough.count(),
        kept=having.filter(answered__gt=overlap).count(),
    )


def change_queue(*, project: Project, after: int, tell: Tell) -> int:
    """Bring the slots of every document behind the id `after` in line with the project.

    Each chunk is a transaction. Nothing is lost: an answer that counted goes on counting, also
    where fewer are wanted now; what was surplus comes to count, the earliest first, where more are.
    Returns how many documents.
    """
    done = 0
    every = project.documents.exclude(state__in=[DocumentState.STAGED, DocumentState.ERASED])
    while chunk := list(
        every.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:CHUNK]
    ):
        change_chunk(project, chunk)
        after = chunk[-1]
        done += len(chunk)
        tell(after)
    return done


@transaction.atomic
def change_chunk(project: Project, pks: Sequence[int]) -> None:
    documents = Document.objects.select_for_update(no_key=True).filter(pk__in=pks)
    for document in documents.defer("texts", "meta").order_by("pk"):
        slots = list(document.slots.order_by("pk"))
        if len(slots) < project.overlap:
            _want_more(document, project, project.overlap - len(slots))
        elif len(slots) > project.overlap:
            _want_fewer(slots, len(slots) - project.overlap)
        if document.state in {DocumentState.OPEN, DocumentState.DONE}:
            queue.settle(document)
    imported = project.queue_order == QueueOrder.IMPORTED
    for rank, of in (
        ("position", Q(in_reserve=False) if imported else Q(pk=None)),
        ("order_coin", Q(in_reserve=True) if imported else Q()),
    ):
        _rank(pks, rank, of)


def _want_more(document: Document, project: Project, missing: int) -> None:
    """New slots; surplus answers fill them before anybody is asked."""
    surplus = Annotation.objects.submitted().filter(document=document, surplus=True)
    waiting = list(surplus.order_by("finished_at", "pk")[:missing])
    in_queue = document.state in {DocumentState.OPEN, DocumentState.DONE}
    slots = [slot_for(document, project) for _ in range(missing)]
    for slot in slots:
        slot.state = SlotState.FREE if in_queue else SlotState.CLOSED
    for slot, annotation in zip(slots, waiting, strict=False):
        slot.state, slot.annotator = SlotState.ANSWERED, annotation.annotator
    Annotation.objects.filter(pk__in=[each.pk for each in waiting]).update(surplus=False)
    Slot.objects.bulk_create(slots)


def _want_fewer(slots: Sequence[Slot], extra: int) -> None:
    """Take away what nobody has answered: free ones first, then those in somebody's hands.

    Who holds one may finish: the answer is kept, as surplus.
    """
    order = {SlotState.CLOSED: 0, SlotState.FREE: 1, SlotState.LEASED: 2}
    spare = [slot for slot in slots if slot.state != SlotState.ANSWERED]
    spare.sort(key=lambda slot: (order[SlotState(slot.state)], -slot.pk))
    for slot in spare[:extra]:
        Slot.objects.filter(pk=slot.pk).exclude(state=SlotState.ANSWERED).delete()


def _rank(pks: Sequence[int], field: str, of: Q) -> None:
    """Slots are ranked by a field of their document: SQL cannot join in an UPDATE, so by value."""
    ranks = dict(
        Document.objects.filter(pk__in=pks)
        .annotate(rank=Cast(F(field), FloatField()))
        .values_list("pk", "rank")
    )
    slots = list(Slot.objects.filter(of, document__in=pks))
    for slot in slots:
        slot.rank = ranks[slot.document_id]
    Slot.objects.bulk_update(slots, ["rank"])
