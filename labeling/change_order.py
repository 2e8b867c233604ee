from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Case, F, FloatField, OuterRef, Subquery, When
from django.db.models.functions import Cast

from labeling.models import Slot
from labeling.models.slot import BEHIND, FIRST
from projects.models import RANKED, Document, Project, QueueOrder


def change_order(*, project: Project, documents: Sequence[Document]) -> None:
    """Rank the places of these documents as the project says; the reserve stays random, and what
    was drawn to check a model first.

    As `rank_of` does one document: where the order follows the model, all begin behind those that
    it will rank.
    """
    ordered = [When(is_drawn=True, then=F("display_coin") + FIRST - 1)]
    if project.queue_order == QueueOrder.IMPORTED:
        ordered.append(When(in_reserve=False, then=Cast(F("position"), FloatField())))
    elif project.queue_order in RANKED:
        ordered.append(When(in_reserve=False, then=F("order_coin") + BEHIND))
    rank = Case(*ordered, default=F("order_coin"), output_field=FloatField())
    ranks = Document.objects.filter(pk=OuterRef("document")).annotate(rank=rank).values("rank")
    Slot.objects.filter(document__in=documents).exclude(rank=Subquery(ranks)).update(
        rank=Subquery(ranks)
    )
