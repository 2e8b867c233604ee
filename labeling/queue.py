"""Which document next: leases on slots, so that people never meet.

A lease is one conditional UPDATE of a free slot. It ends with the submit, when the person's
last socket goes (`presence`), or when its time is up.
"""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from labeling.models import Event, EventKind, ModelAnnotation, Slot, SlotState
from labeling.models.slot import FIRST, SlotQuerySet
from projects.models import Document, DocumentState, Project, User

LEASE = timedelta(minutes=15)
GRACE = timedelta(seconds=30)
CLAIM_ATTEMPTS = 8


def lease_next(*, project: Project, annotator: User) -> Document | None:
    """The document this person works on: the one held already, else a fresh lease.

    None when nothing is left that this person could answer, or the project is archived.
    """
    if project.archived_at:
        return None
    now = timezone.now()
    held = held_document(project=project, annotator=annotator, now=now)
    if held is not None:
        return held
    free_expired(Slot.objects.filter(project=project), now)
    for lane in _lanes(project):
        slot = _claim(lane, annotator, now)
        if slot is not None:
            return slot.document
    return None


def _lanes(project: Project) -> list[SlotQuerySet]:
    """Where to look, in this order: the reserve in its share of times, but behind what was drawn
    to check a model, which comes first in the other lane.
    """
    reserve, others = (project.slots.filter(in_reserve=lane) for lane in (True, False))
    if random.random() < project.reserve:  # noqa: S311 - chance, not secrecy
        return [others.filter(rank__lt=FIRST), reserve, others]
    return [others, reserve]


def held_document(*, project: Project, annotator: User, now: datetime) -> Document | None:
    """The document leased to this person, its lease extended; None when there is none."""
    slots = Slot.objects.filter(project=project).leased_to(annotator)
    if not slots.update(leased_until=now + LEASE):
        return None
    slot = slots.select_related("document__project").order_by("-leased_until", "pk").first()
    return slot.document if slot else None


def free_expired(slots: SlotQuerySet, now: datetime) -> None:
    """Give back what was leased by people who are gone."""
    slots.expired(now).update(state=SlotState.FREE, annotator=None, leased_until=None)


def _claim(lane: SlotQuerySet, annotator: User, now: datetime) -> Slot | None:
    """Lease the first slot of a lane that this person may take.

    On PostgreSQL rows that others are claiming are skipped; on SQLite the transaction is
    the only writer. A claim that loses all the same takes the next one. Where all that is left
    is locked, by others or while the queue gets another order, it is waited for.
    """
    free = lane.free().untouched_by(annotator).order_by("rank", "pk")
    is_patient = not connection.features.has_select_for_update_skip_locked
    for _ in range(CLAIM_ATTEMPTS):
        with transaction.atomic():
            first = free.select_for_update(skip_locked=not is_patient, of=("self",))[:1]
            slot = first.select_related("document__project").first()
            if slot is not None and _take(slot, annotator, now + LEASE):
                return slot
        if slot is None and (is_patient or not free.exists()):
            return None
        is_patient = is_patient or slot is None
    return None


def _take(slot: Slot, annotator: User, until: datetime) -> bool:
    """Whether the lease was won: lost when the slot, or this person's one, went meanwhile."""
    try:
        with transaction.atomic():
            return bool(
                Slot.objects.free()
                .filter(pk=slot.pk)
                .update(state=SlotState.LEASED, annotator=annotator, leased_until=until)
            )
    except IntegrityError:
        return False


def fill_slot(*, document: Document, annotator: User) -> bool:
    """Count an answer towards the ones wanted; False when there are enough (surplus).

    A model's answer is not among them: it ends with a person's.
    """
    mine = Slot.objects.filter(document=document, annotator=annotator)
    answered = {"state": SlotState.ANSWERED, "annotator": annotator, "leased_until": None}
    if mine.exclude(state=SlotState.CLOSED).update(**answered):
        return True
    every = Slot.objects.filter(document=document)
    free_expired(every, timezone.now())
    spare = every.free().order_by("pk")
    for pk in spare.values_list("pk", flat=True):
        if Slot.objects.free().filter(pk=pk).update(**answered):
            return True
    return _end_models_answer(document, annotator) and fill_slot(
        document=document, annotator=annotator
    )


def _end_models_answer(document: Document, annotator: User) -> bool:
    by_model = Document.objects.filter(pk=document.pk, state=DocumentState.MODEL)
    if not by_model.update(state=DocumentState.OPEN):
        return False
    ModelAnnotation.objects.filter(document=document).delete()
    Event.objects.create(
        project_id=document.project_id,
        document=document,
        actor=annotator,
        kind=EventKind.CLEAR,
        client_id=uuid.uuid4(),
    )
    closed = document.slots.filter(state=SlotState.CLOSED)
    return bool(closed.update(state=SlotState.FREE))


def settle(document: Document) -> None:
    """Bring the document's state in line with its slots."""
    unanswered = document.slots.exclude(state=SlotState.ANSWERED).exists()
    state = DocumentState.OPEN if unanswered else DocumentState.DONE
    Document.objects.filter(
        pk=document.pk, state__in=[DocumentState.OPEN, DocumentState.DONE]
    ).exclude(state=state).update(state=state)


def hand_to_owner(document: Document) -> bool:
    """Take a document that nobody can answer out of the queue; False if it is done meanwhile."""
    handed = Document.objects.open().filter(pk=document.pk).update(state=DocumentState.OWNER)
    if handed:
        document.slots.exclude(state=SlotState.ANSWERED).update(
            state=SlotState.CLOSED, annotator=None, leased_until=None
        )
    return bool(handed)


def lease_again(*, document: Document, annotator: User) -> bool:
    """Give a person's document back to them after an undo or a skip taken back.

    False when other people have taken every slot meanwhile: their next answer is surplus.
    """
    until = timezone.now() + LEASE
    leased = {"state": SlotState.LEASED, "annotator": annotator, "leased_until": until}
    mine = Slot.objects.filter(document=document, annotator=annotator)
    if mine.update(**leased):
        return True
    slot = Slot.objects.filter(document=document).free().order_by("pk").first()
    return slot is not None and _take(slot, annotator, until)


def reopen(document: Document) -> None:
    """Put a document that went to the owner back into the queue."""
    document.slots.filter(state=SlotState.CLOSED).update(state=SlotState.FREE)
    Document.objects.filter(pk=document.pk, state=DocumentState.OWNER).update(
        state=DocumentState.OPEN
    )


def give_back(*, project: Project, annotator: User) -> None:
    """Free everything this person holds."""
    Slot.objects.filter(project=project).leased_to(annotator).update(
        state=SlotState.FREE, annotator=None, leased_until=None
    )
