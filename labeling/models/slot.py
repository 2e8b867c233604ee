from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from labeling.models.annotation import OVER, Annotation
from projects.models import RANKED, Document, Project, QueueOrder

if TYPE_CHECKING:
    from projects.models import User


FIRST = 0.0
"""Ranks below are of documents drawn to check a model: they come before all others."""
BEHIND = 1.0
"""In orders that follow the model, ranks below are its choice; from here on chance decides."""


class SlotState(models.TextChoices):
    FREE = "free", "Free"
    LEASED = "leased", "Leased"
    ANSWERED = "answered", "Answered"
    CLOSED = "closed", "Closed"


class SlotQuerySet(models.QuerySet["Slot"]):
    def free(self) -> SlotQuerySet:
        return self.filter(state=SlotState.FREE)

    def leased(self) -> SlotQuerySet:
        return self.filter(state=SlotState.LEASED)

    def expired(self, now: datetime) -> SlotQuerySet:
        return self.leased().filter(leased_until__lt=now)

    def leased_to(self, annotator: User) -> SlotQuerySet:
        return self.leased().filter(annotator=annotator)

    def untouched_by(self, annotator: User) -> SlotQuerySet:
        """Slots of documents that this person neither holds, answered nor skipped."""
        held = Slot.objects.filter(document=OuterRef("document"), annotator=annotator)
        finished = Annotation.objects.filter(
            document=OuterRef("document"), annotator=annotator, state__in=OVER
        )
        return self.exclude(Exists(held)).exclude(Exists(finished))


class Slot(models.Model):
    """One wanted answer to a document; the queue is the free ones in order of `rank`.

    A document has as many slots as answers are wanted, so it can never be held by, or
    answered for keeps by, more people than that.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="slots")
    document = models.ForeignKey(
        "projects.Document", on_delete=models.CASCADE, related_name="slots"
    )
    state = models.CharField(max_length=10, choices=SlotState.choices, default=SlotState.FREE)
    in_reserve = models.BooleanField(default=False)
    rank = models.FloatField(help_text="Lower is served earlier, within its lane.")
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = SlotQuerySet.as_manager()

    class Meta:
        ordering = ["project", "rank", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "annotator"],
                condition=Q(annotator__isnull=False),
                name="slot_one_per_person",
            ),
        ]
        indexes = [
            models.Index(
                fields=["project", "in_reserve", "rank", "id"],
                condition=Q(state=SlotState.FREE),
                name="slot_queue",
            ),
            models.Index(
                fields=["project", "leased_until"],
                condition=Q(state=SlotState.LEASED),
                name="slot_leased",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} slot of {self.document_id}"


def slot_for(document: Document, project: Project) -> Slot:
    """A free slot for the document, ranked as `rank_of` says."""
    return Slot(
        project=project,
        document=document,
        in_reserve=document.in_reserve,
        rank=rank_of(document, project),
    )


def rank_of(document: Document, project: Project) -> float:
    """Where a document waits until a model ranks it.

    In the reserve, and in random order, by its coin in [0, 1). As imported: its number. In orders
    that follow the model: by its coin, behind the documents that are ranked. Drawn to check a
    model: first, by its other coin, which has decided of nothing that was answered so far.
    """
    if document.is_drawn:
        return FIRST - 1 + document.display_coin
    if document.in_reserve or project.queue_order == QueueOrder.RANDOM:
        return document.order_coin
    if project.queue_order in RANKED:
        return BEHIND + document.order_coin
    return float(document.position)
