from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from labeling import queue
from labeling.correct import lock
from labeling.models import Annotation, AnnotationState, Answer, Event, EventKind, Slot, SlotState
from labeling.submit import Conflict, sent_before
from projects.changes import announce_change
from projects.models import DocumentState, User


def withdraw(*, annotation: Annotation, owner: User, reason: str, client_id: UUID) -> Event:
    """Take one person's answer out of what counts. It stays, with the owner's reason.

    Its place in the queue is free again, for everybody but that person. The same client id
    twice withdraws once. Raises Conflict when the answer does not stand any more.
    """
    with transaction.atomic():
        current = lock(annotation)
        before = sent_before(owner, client_id)
        if before is not None:
            return before
        if current.state != AnnotationState.SUBMITTED:
            raise Conflict("This answer does not stand any more, so there is nothing to withdraw.")
        event = _record(
            current,
            kind=EventKind.WITHDRAW,
            owner=owner,
            client_id=client_id,
            payload={"reason": reason},
        )
        current.state = AnnotationState.WITHDRAWN
        current.last_event = event
        current.save(update_fields=["state", "last_event"])
        if not current.surplus:
            _free_slot(current)
            queue.settle(current.document)
        announce_change(current.project_id)
    return event


def put_back(*, annotation: Annotation, owner: User, client_id: UUID) -> Event:
    """Let a withdrawn answer count again. Where others have given enough meanwhile it is surplus.

    The same client id twice puts back once. Raises Conflict when it is not withdrawn.
    """
    with transaction.atomic():
        current = lock(annotation)
        before = sent_before(owner, client_id)
        if before is not None:
            return before
        if current.state != AnnotationState.WITHDRAWN:
            raise Conflict("This answer is not withdrawn.")
        answers = answers_of(current)
        event = _record(
            current,
            kind=EventKind.RESTORE,
            owner=owner,
            client_id=client_id,
            payload={"answers": answers},
        )
        if not current.surplus:
            current.surplus = not _fill_slot(current)
        current.state = AnnotationState.SUBMITTED
        current.last_event = event
        current.save(update_fields=["state", "last_event", "surplus"])
        queue.settle(current.document)
        announce_change(current.project_id)
    return event


def answers_of(annotation: Annotation) -> dict[str, Any]:
    """What stands in the annotation's rows, as events keep it."""
    answers: dict[str, Any] = {str(question): [] for question in annotation.answered_questions}
    for answer in annotation.answers.all():
        answers.setdefault(str(answer.question_id), []).append(_item(answer))
    return answers


def _item(answer: Answer) -> dict[str, Any]:
    item: dict[str, Any] = {
        "label": answer.label_id,
        "origin": answer.origin,
        "suggested": answer.suggested,
        "model_version": answer.model_version,
    }
    if answer.end is None:
        return item
    place = {"field": answer.field, "start": answer.start, "end": answer.end}
    return {**item, **place, "quote": answer.quote}


def _record(
    annotation: Annotation,
    *,
    kind: EventKind,
    owner: User,
    client_id: UUID,
    payload: dict[str, Any],
) -> Event:
    return Event.objects.create(
        project=annotation.project,
        document=annotation.document,
        actor=owner,
        annotator=annotation.annotator,
        kind=kind,
        client_id=client_id,
        replaces=annotation.last_event,
        guideline=annotation.project.guideline,
        payload=payload,
    )


def _free_slot(annotation: Annotation) -> None:
    """Give the place back: to the queue, or where the owner has the document, to nobody yet."""
    theirs = Slot.objects.filter(
        document=annotation.document, annotator=annotation.annotator, state=SlotState.ANSWERED
    )
    first = theirs.order_by("pk").first()
    if first is not None:
        with_owner = annotation.document.state == DocumentState.OWNER
        first.state = SlotState.CLOSED if with_owner else SlotState.FREE
        first.annotator = first.leased_until = None
        first.save(update_fields=["state", "annotator", "leased_until"])


def _fill_slot(annotation: Annotation) -> bool:
    """Take a place for the answer: a free one, else one that somebody is only working on."""
    document = annotation.document
    with_owner = document.state == DocumentState.OWNER
    open_states = [SlotState.CLOSED] if with_owner else [SlotState.FREE, SlotState.LEASED]
    places = Slot.objects.filter(document=document, state__in=open_states)
    first = places.order_by("state", "pk").first()
    if first is None:
        return False
    first.state, first.annotator = SlotState.ANSWERED, annotation.annotator
    first.leased_until = None
    first.save(update_fields=["state", "annotator", "leased_until"])
    return True
