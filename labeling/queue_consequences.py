"""What changing how documents are served would do, counted before it is done."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Greatest, Least

from labeling.change_reserve import not_begun
from labeling.models import Annotation, Slot
from projects.models import DocumentState, Project


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapConsequences:
    """`documents` get or lose places. `reopened`: done ones that are asked again; `finished`: open
    ones that have enough; `counted`: surplus answers that come to count; `surplus`: answers that
    stop counting; `in_hand`: leases, of which some may go.
    """

    documents: int
    reopened: int
    finished: int
    counted: int
    surplus: int
    in_hand: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveConsequences:
    """`drawn` draw a new lot, of which `expected` come to the reserve; `stays` keep theirs."""

    drawn: int
    expected: int
    stays: int


def of_overlap(*, project: Project, wanted: int) -> OverlapConsequences:
    submitted = Annotation.objects.submitted().filter(document=OuterRef("pk"))
    documents = project.documents.published().annotate(
        counting=_number(submitted.filter(surplus=False)),
        beside=_number(submitted.filter(surplus=True)),
    )
    given = F("counting") + F("beside")
    # What does not fit stays or becomes surplus; what fits counts.
    count = documents.annotate(
        fitting=Least(given, Value(wanted)),
        more=Greatest(Least(given, Value(wanted)) - F("counting"), Value(0)),
        fewer=Greatest(F("counting") - Value(wanted), Value(0)),
    ).aggregate(
        documents=Count("pk"),
        reopened=Count("pk", filter=Q(state=DocumentState.DONE, fitting__lt=wanted)),
        finished=Count("pk", filter=Q(state=DocumentState.OPEN, fitting=wanted)),
        counted=Coalesce(Sum("more"), 0),
        surplus=Coalesce(Sum("fewer"), 0),
    )
    fewer = wanted < project.overlap
    in_hand = Slot.objects.leased().filter(project=project).count() if fewer else 0
    return OverlapConsequences(**count, in_hand=in_hand)


def of_reserve(*, project: Project, share: float) -> ReserveConsequences:
    documents = project.documents.published()
    drawn = not_begun(documents).count()
    return ReserveConsequences(
        drawn=drawn, expected=round(share * drawn), stays=documents.count() - drawn
    )


def _number(rows: QuerySet[Annotation]) -> Coalesce:
    counted = rows.order_by().values("document").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
