"""How documents are served, changed while there are some: one walk over all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import transaction
from django.utils import timezone

from labeling import queue
from labeling.change_order import change_order
from labeling.change_overlap import change_overlap
from labeling.change_reserve import change_reserve
from labeling.models import Slot, SlotState
from projects.changes import announce_change
from projects.models import Document, Project

JOB = "change_queue"
CHUNK = 25
MOST_AT_ONCE = 2000
"""Documents that a request goes through; beyond that a job does."""

Tell = Callable[[int, int], None]
"""Called in each chunk's transaction with its last id and its size; may raise to stop."""


def change_queue(*, project: Project, after: int, tell: Tell) -> int:
    """Bring every document behind the id `after` in line with the project's settings.

    Each chunk is a short transaction and can be done again. Returns how many documents.
    """
    done = 0
    queue.free_expired(Slot.objects.filter(project=project), timezone.now())
    while pks := _next(project, after):
        after = pks[-1]
        with transaction.atomic():
            change_chunk(project=project, pks=pks)
            tell(after, len(pks))
        done += len(pks)
    return done


def _next(project: Project, after: int) -> list[int]:
    documents = project.documents.filter(pk__gt=after).order_by("pk")
    return list(documents.values_list("pk", flat=True)[:CHUNK])


def change_chunk(*, project: Project, pks: Sequence[int]) -> None:
    """All three changes to some documents.

    They are locked as a submit locks them, and their free places as a lease does: what is given or
    taken meanwhile comes before this or behind it.
    """
    locked = Document.objects.select_for_update(no_key=True).filter(pk__in=pks)
    documents = list(locked.defer("texts", "meta").order_by("pk"))
    free = Slot.objects.filter(document__in=pks).exclude(state=SlotState.LEASED)
    list(free.select_for_update().order_by("pk").values_list("pk", flat=True))
    change_reserve(project=project, documents=documents)
    change_overlap(project=project, documents=documents)
    announce_change(project.pk)
    change_order(project=project, documents=documents)
