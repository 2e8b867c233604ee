"""Another share of the reserve, for documents that nobody has begun.

A new share begins a new epoch. A document takes part in it by a lot of its own, unless somebody
has answered, skipped or holds it: then it stays what it was, in the epoch that it belongs to, so
that no figure mixes two shares. The lot is new: places in the order tell what was answered so far,
and would make the new reserve something else than a fair draw. Blind or open stays as it fell.
"""

from __future__ import annotations

from collections.abc import Sequence

from labeling.models import Annotation, Slot
from projects.models import Document, DocumentState, Project
from projects.models.document import DocumentQuerySet, toss


def begin_epoch(*, project: Project, share: float) -> None:
    """The new share, for documents to come and, by `change_reserve`, for those not begun."""
    project.reserve = share
    project.reserve_epoch += 1
    project.save(update_fields=["reserve", "reserve_epoch"])


def change_reserve(*, project: Project, documents: Sequence[Document]) -> None:
    """Draw again for those of an earlier epoch that nobody has begun. Call it with them locked."""
    earlier = [row.pk for row in documents if row.reserve_epoch != project.reserve_epoch]
    if not earlier:
        return
    waiting = set(not_begun(project.documents.filter(pk__in=earlier)).values_list("pk", flat=True))
    drawn = [document for document in documents if document.pk in waiting]
    for document in drawn:
        document.in_reserve = toss() < project.reserve
        document.reserve_epoch = project.reserve_epoch
    Document.objects.bulk_update(drawn, ["in_reserve", "reserve_epoch"])
    for inside in (True, False):
        pks = [document.pk for document in drawn if document.in_reserve is inside]
        slots = Slot.objects.filter(document__in=pks)
        slots.exclude(in_reserve=inside).update(in_reserve=inside)


def not_begun(documents: DocumentQuerySet) -> DocumentQuerySet:
    """Nobody has answered, skipped or holds them, nor answered and taken it back.

    Rows with a split of their own take no part in the reserve, nor what was drawn to check a model
    or is labelled by one.
    """
    held = Slot.objects.leased().values("document")
    touched = Annotation.objects.values("document")
    gone = (DocumentState.ERASED, DocumentState.MODEL)
    mine = documents.exclude(state__in=gone).filter(imported_split="", is_drawn=False)
    return mine.exclude(pk__in=held).exclude(pk__in=touched)
