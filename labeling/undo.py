from __future__ import annotations

import uuid
from typing import Any
from uuid import UUID

from django.db import transaction

from labeling import queue
from labeling.items import pick_of
from labeling.merged import Into, followed_items, merged_into
from labeling.models import Annotation, AnnotationState, Draft, Event, EventKind
from labeling.skip import SKIPS_UNTIL_OWNER, skips
from labeling.submit import keep, lock_annotation, sent_before
from projects.changes import announce_change
from projects.models import Document, Project, User
from projects.models.document import HIDDEN


def undo(*, project: Project, annotator: User, client_id: UUID) -> Document | None:
    """Take back this person's last submit or skip, and give the document back to them.

    What was chosen returns as a draft. A change to an earlier answer goes back to what stood
    before it. The same client id twice undoes once. None when there is nothing to undo: what an
    owner corrected or put back is out of this person's reach.
    """
    with transaction.atomic():
        before = sent_before(annotator, client_id)
        if before is not None:
            return before.document
        last = _last(project, annotator)
        if last is None:
            return None
        annotation = lock_annotation(last.document, annotator)
        undone = annotation.last_event
        if undone is None or undone != last.last_event or _standing(undone).actor != annotator:
            return None
        into = merged_into(project)
        restored = _answers_before(undone, into)
        event = Event.objects.create(
            project=project,
            document=annotation.document,
            actor=annotator,
            kind=EventKind.UNDO,
            client_id=client_id,
            replaces=undone,
            guideline=project.guideline,
            payload={} if restored is None else {"answers": restored},
        )
        if restored is None:
            _withdraw(annotation, event, undone, into)
        else:
            items = {int(question): chosen for question, chosen in restored.items()}
            keep(annotation, items=items, event=event, surplus=annotation.surplus)
        announce_change(project.pk)
    return annotation.document


def _last(project: Project, annotator: User) -> Annotation | None:
    return (
        Annotation.objects.in_project(project)
        .by(annotator)
        .finished()
        .filter(last_event__actor=annotator)
        .exclude(document__state__in=HIDDEN)
        .select_related("document__project", "last_event")
        .latest_first()
        .first()
    )


def _standing(event: Event) -> Event:
    """The event whose answers stand: of a change that was taken back, the one before it."""
    while event.kind == EventKind.UNDO and event.replaces and event.replaces.replaces:
        event = event.replaces.replaces
    return event


def _answers_before(event: Event, into: Into) -> dict[str, Any] | None:
    """What a change replaced, under the labels there are now; None when it was no change."""
    if event.kind != EventKind.REVISE or event.replaces is None:
        return None
    answers: dict[str, Any] = event.replaces.payload["answers"]
    return {question: followed_items(items, into) for question, items in answers.items()}


def _withdraw(annotation: Annotation, event: Event, undone: Event, into: Into) -> None:
    document, annotator = annotation.document, annotation.annotator
    assert annotator is not None  # noqa: S101 - undo acts on a person's own answer
    annotation.answers.all().delete()
    annotation.state = AnnotationState.UNDONE
    annotation.answered_questions = []
    annotation.last_event = event
    annotation.finished_at = None
    annotation.save()
    if skips(document) < SKIPS_UNTIL_OWNER:
        queue.reopen(document)
    queue.give_back(project=annotation.project, annotator=annotator)
    if not annotation.surplus:
        queue.lease_again(document=document, annotator=annotator)
        queue.settle(document)
    chosen = {
        question: [pick_of(item) for item in followed_items(items, into)]
        for question, items in undone.payload.get("answers", {}).items()
    }
    Draft.objects.update_or_create(
        document=document,
        annotator=annotator,
        defaults={"client_id": uuid.uuid4(), "sequence": 0, "payload": chosen},
    )
