from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Case, F, FloatField, OuterRef, Subquery, When
from django.db.models.functions import Cast

from labeling.models import Slot
from projects.models import Document, Project, QueueOrder


def change_order(*, project: Project, documents: Sequence[Document]) -> None:
    """Rank the places of these documents as the project says; the reserve stays random."""
    imported = When(in_reserve=False, then=Cast(F("position"), FloatField()))
    ordered = [imported] if project.queue_order == QueueOrder.IMPORTED else []
    rank = Case(*ordered, default=F("order_coin"), output_field=FloatField())
    ranks = Document.objects.filter(pk=OuterRef("document")).annotate(rank=rank).values("rank")
    Slot.objects.filter(document__in=documents).exclude(rank=Subquery(ranks)).update(
        rank=Subquery(ranks)
    )
