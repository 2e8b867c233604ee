from __future__ import annotations

from django.db import models, transaction
from django.utils import timezone

from labeling import exposures, presence, queue
from labeling.models import Annotation, AnnotationState, Draft, Event, EventKind, Slot, SlotState
from labeling.submit import Conflict, Submission, Withdrawn, exposed, lock_annotation, sent_before
from projects.models import Document, User

SKIPS_UNTIL_OWNER = 3


class SkipReason(models.TextChoices):
    UNCLEAR = "unclear", "I am not sure"
    LANGUAGE = "not_in_language", "I cannot read the language"
    BROKEN = "broken", "The text is broken"
    OTHER = "other", "Something else"


def skip(
    *, document: Document, annotator: User, reason: SkipReason, note: str, submission: Submission
) -> bool:
    """Hide a document from this person, with the reason; True when it went to the owner.

    The third skip takes it out of the queue. The same client id twice skips once. Raises
    Conflict when this person has answered the document already.
    """
    with transaction.atomic():
        annotation = lock_annotation(document, annotator)
        if sent_before(annotator, submission.client_id):
            return False
        if annotation.state == AnnotationState.WITHDRAWN:
            raise Withdrawn
        if annotation.state == AnnotationState.SUBMITTED:
            raise Conflict("You answered this document in another tab or window.")
        exposures.mark_painted(document=document, annotator=annotator, ids=submission.painted)
        annotation.last_event = Event.objects.create(
            project=document.project,
            document=document,
            actor=annotator,
            kind=EventKind.SKIP,
            client_id=submission.client_id,
            replaces=annotation.last_event,
            guideline=document.project.guideline,
            payload={
                "reason": reason.value,
                "note": note,
                **exposed(document, annotator, submission.painted),
            },
            active_ms=submission.active_ms,
        )
        annotation.state = AnnotationState.SKIPPED
        annotation.finished_at = timezone.now()
        annotation.save()
        Slot.objects.filter(document=document).leased_to(annotator).update(
            state=SlotState.FREE, annotator=None, leased_until=None
        )
        Draft.objects.filter(document=document, annotator=annotator).delete()
        presence.announce_answered(document, annotator, submission.client_id)
        return _too_often(document)


def skips(document: Document) -> int:
    return Annotation.objects.filter(document=document, state=AnnotationState.SKIPPED).count()


def _too_often(document: Document) -> bool:
    return skips(document) >= SKIPS_UNTIL_OWNER and queue.hand_to_owner(document)
