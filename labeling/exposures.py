"""What people were assigned, sent and shown, kept so that an answer's provenance is a fact."""

from __future__ import annotations

from collections.abc import Collection
from typing import NotRequired, TypedDict
from uuid import UUID

from django.utils import timezone

from labeling.models import Exposure
from projects.models import Document, User


class SuggestedItem(TypedDict):
    """One label, or one span of it, with a score from 0 to 1; offered: the model would pick it;
    withheld: the owner wants nobody to see it.
    """

    label: int
    score: float
    offered: bool
    field: NotRequired[str]
    start: NotRequired[int]
    end: NotRequired[int]
    withheld: NotRequired[bool]


def record_exposures(exposures: Collection[Exposure]) -> None:
    """Store what a page was sent, or would have been sent (`sent_at` empty: hidden, abstained)."""
    Exposure.objects.bulk_create(exposures, ignore_conflicts=True)


def mark_painted(*, document: Document, annotator: User, ids: Collection[UUID]) -> None:
    """Note that the browser says it has shown these; only what was sent can be painted."""
    if ids:
        Exposure.objects.filter(
            pk__in=ids, document=document, annotator=annotator, painted_at=None
        ).exclude(sent_at=None).update(painted_at=timezone.now())


def painted_for(*, document: Document, annotator: User) -> dict[int, Exposure]:
    """Question id to the suggestion this person was last shown for it."""
    shown = Exposure.objects.filter(document=document, annotator=annotator).exclude(painted_at=None)
    return {exposure.question_id: exposure for exposure in shown.order_by("sent_at", "created_at")}
