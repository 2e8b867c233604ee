from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from labeling import exposures, presence, queue
from labeling.chosen import InvalidAnswers, check, questions_of
from labeling.items import Chosen, Items, Pick, answer_rows, pick_of
from labeling.merged import followed_choice, merged_into
from labeling.models import Annotation, AnnotationState, Answer, Draft, Event, EventKind
from labeling.provenance import with_provenance
from labeling.spans import Span, warnings_for
from projects.changes import announce_change
from projects.models import Document, DocumentState, Question, User


class Conflict(Exception):
    """The document was answered elsewhere after this page was loaded."""


class Withdrawn(Conflict):
    """An owner took this person's answer back, so they are not asked again."""

    def __init__(self) -> None:
        super().__init__("An owner withdrew your answer to this document. Others answer it now.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a browser sends along with an answer."""

    client_id: UUID
    replaces: int | None = None
    active_ms: int = 0
    painted: Sequence[UUID] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Submitted:
    """The event that holds the answer; `created` is False when it had been saved before.

    `warnings`: what was kept as it is but was perhaps not meant.
    """

    event: Event
    created: bool
    surplus: bool
    warnings: tuple[str, ...] = ()


def submit(
    *, document: Document, annotator: User, chosen: Chosen, submission: Submission
) -> Submitted:
    """Save a person's answers about a document; the same client id twice saves once.

    `chosen` is {question id: picks}. An answer beyond the number wanted is kept as
    surplus, never refused. Raises InvalidAnswers, or Conflict when `replaces` is not the
    latest event of this person's annotation, the client id was used for another answer, or an
    owner withdrew this person's answer.
    """
    questions = questions_of(document.project)
    answers = _checked(chosen, questions, document)
    with transaction.atomic():
        annotation = lock_annotation(document, annotator)
        before = sent_before(annotator, submission.client_id)
        if before is not None:
            return _repeated(before, document, answers, annotation)
        if annotation.state == AnnotationState.WITHDRAWN:
            raise Withdrawn
        if annotation.last_event_id != submission.replaces:
            raise Conflict("You answered this document in another tab or window.")
        exposures.mark_painted(document=document, annotator=annotator, ids=submission.painted)
        items = _items(document, annotator, answers, questions)
        event = _record(annotation, annotator, items, submission)
        surplus = not queue.fill_slot(document=document, annotator=annotator)
        keep(annotation, items=items, event=event, surplus=surplus)
        if document.state != DocumentState.OWNER:
            queue.settle(document)
        Draft.objects.filter(document=document, annotator=annotator).delete()
        presence.announce_answered(document, annotator, submission.client_id)
        if not document.is_blind:
            announce_change(document.project_id)
    return Submitted(event, created=True, surplus=surplus, warnings=_warnings(document, answers))


def _checked(
    chosen: Chosen, questions: Sequence[Question], document: Document
) -> dict[int, list[Pick]]:
    """The picks of every question. What was chosen before two labels were merged follows them."""
    try:
        return check(chosen, questions, document.texts)
    except InvalidAnswers:
        into = merged_into(document.project)
        if not into:
            raise
        return check(followed_choice(chosen, into), questions, document.texts)


def lock_annotation(document: Document, annotator: User) -> Annotation:
    """This person's annotation of the document, made when missing.

    The document is locked to the end of the transaction, so that two people who give the last
    two answers at once see each other and the document becomes done. Raises Conflict when it was
    erased meanwhile.
    """
    locked = Document.objects.select_for_update(no_key=True).only("state").get(pk=document.pk)
    if locked.state == DocumentState.ERASED:
        raise Conflict("This document was erased meanwhile.")
    annotation, _ = Annotation.objects.get_or_create(
        document=document, annotator=annotator, defaults={"project": document.project}
    )
    return annotation


def sent_before(actor: User, client_id: UUID) -> Event | None:
    return Event.objects.filter(actor=actor, client_id=client_id).first()


def keep(annotation: Annotation, *, items: Items, event: Event, surplus: bool) -> None:
    """Make these items the annotation's current answers."""
    annotation.answers.all().delete()
    Answer.objects.bulk_create(answer_rows(annotation, items))
    annotation.state = AnnotationState.SUBMITTED
    annotation.answered_questions = sorted(items)
    annotation.surplus = surplus
    annotation.last_event = event
    annotation.active_ms = event.active_ms
    annotation.finished_at = timezone.now()
    annotation.save()


def exposed(document: Document, annotator: User, painted: Sequence[UUID]) -> dict[str, Any]:
    """The facts about suggestions that every event carries: assigned, sent, painted."""
    rows = document.exposures.filter(annotator=annotator).order_by("created_at")
    return {
        "arm": document.arm,
        "exposures": [
            {
                "id": str(row.pk),
                "question": row.question_id,
                "model_version": row.model_version,
                "sent": row.sent_at is not None,
                "painted": row.painted_at is not None,
            }
            for row in rows
        ],
        "painted": [str(pk) for pk in painted],
    }


def _repeated(
    event: Event,
    document: Document,
    answers: Mapping[int, Sequence[Pick]],
    annotation: Annotation,
) -> Submitted:
    saved = {
        int(question): [pick_of(item) for item in items]
        for question, items in event.payload.get("answers", {}).items()
    }
    if event.document_id != document.pk or saved != answers:
        raise Conflict("This answer was saved before, with other labels.")
    warnings = _warnings(document, answers)
    return Submitted(event, created=False, surplus=annotation.surplus, warnings=warnings)


def _warnings(document: Document, answers: Chosen) -> tuple[str, ...]:
    spans = [pick for picks in answers.values() for pick in picks if isinstance(pick, Span)]
    return tuple(warnings_for(spans, document.texts))


def _items(
    document: Document, annotator: User, answers: Chosen, questions: Sequence[Question]
) -> Items:
    painted = exposures.painted_for(document=document, annotator=annotator)
    return {
        question.pk: with_provenance(
            answers[question.pk],
            painted.get(question.pk),
            document.texts,
            several=question.takes_several,
        )
        for question in questions
    }


def _record(annotation: Annotation, annotator: User, items: Items, submission: Submission) -> Event:
    document = annotation.document
    submitted = annotation.state == AnnotationState.SUBMITTED
    return Event.objects.create(
        project=document.project,
        document=document,
        actor=annotator,
        kind=EventKind.REVISE if submitted else EventKind.CREATE,
        client_id=submission.client_id,
        replaces_id=submission.replaces,
        guideline=document.project.guideline,
        payload={
            "answers": {str(question): chosen for question, chosen in items.items()},
            **exposed(document, annotator, submission.painted),
        },
        active_ms=submission.active_ms,
    )
