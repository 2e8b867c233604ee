"""The places that a model puts first, in projects whose order follows one.

It ranks a thousand or so of the free places outside the reserve from 0 to 1. All others wait behind
them, at random among themselves (see `Slot.rank`). What somebody holds or has answered keeps its
rank: a person's document is never taken away, and what was begun gets its other answers.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from django.db import transaction
from django.db.models import Case, Exists, FloatField, OuterRef, Value, When

from labeling.models import Annotation, Slot
from labeling.models.slot import BEHIND, FIRST, SlotQuerySet
from projects.models import Project

CHUNK = 100
"""Documents a transaction: a few milliseconds."""


def rankable(*, project: Project, sample: int) -> list[int]:
    """Ids of documents to choose from: those ranked now, and so many of the others, drawn fairly.

    Those behind lie in the order of their coins, so any stretch of them is a fair draw. It begins
    at another place each time, and costs the same in a thousand documents as in a million.
    """
    free = _not_begun(project)
    behind = free.filter(rank__gte=BEHIND).order_by("rank")
    cut = BEHIND + random.random()  # noqa: S311 - chance, not secrecy
    drawn = [
        *free.filter(rank__lt=BEHIND).values_list("document", flat=True),
        *behind.filter(rank__gte=cut).values_list("document", flat=True)[:sample],
    ]
    room = sample - len(set(drawn))
    if room > 0:
        drawn += behind.filter(rank__lt=cut).values_list("document", flat=True)[:room]
    return list(dict.fromkeys(drawn))


def ranked_now(project: Project) -> int:
    """How many documents wait in the order that the model gave them."""
    ranked = Slot.objects.free().filter(
        project=project, in_reserve=False, rank__gte=FIRST, rank__lt=BEHIND
    )
    return ranked.values("document").distinct().count()


def rerank(*, project: Project, ranks: Mapping[int, float]) -> bool:
    """Serve these documents first: id to a number in [0, 1), lower is earlier.

    Those that were ranked before and are not any more go back among the others. False, with
    nothing more done, when the project's order is not the one it had when it was read.
    """
    ranked = _not_begun(project).filter(rank__lt=BEHIND).values_list("document", flat=True)
    dropped = set(ranked) - ranks.keys()
    coins = project.documents.filter(pk__in=list(dropped)).values_list("pk", "order_coin")
    placed = {**ranks, **{pk: BEHIND + coin for pk, coin in coins}}
    every = list(placed.items())
    chunks = (every[first : first + CHUNK] for first in range(0, len(every), CHUNK))
    return all(_place(project, dict(chunk)) for chunk in chunks)


@transaction.atomic
def _place(project: Project, ranks: Mapping[int, float]) -> bool:
    """Beside leases: what is being taken just now is left out, and nobody is waited for."""
    row = Project.objects.select_for_update(no_key=True).filter(pk=project.pk)
    if row.values_list("queue_order", flat=True).first() != project.queue_order:
        return False
    free = _not_begun(project).filter(document__in=ranks).select_for_update(skip_locked=True)
    pks = list(free.order_by("pk").values_list("pk", flat=True))
    whens = [When(document=pk, then=Value(rank)) for pk, rank in ranks.items()]
    rank = Case(*whens, output_field=FloatField())
    Slot.objects.free().filter(pk__in=pks).update(rank=rank)
    return True


def _not_begun(project: Project) -> SlotQuerySet:
    counted = Annotation.objects.counted().filter(document=OuterRef("document"))
    free = Slot.objects.free().filter(project=project, in_reserve=False, rank__gte=FIRST)
    return free.exclude(Exists(counted))
