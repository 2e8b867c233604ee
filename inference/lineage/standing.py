"""Which answers stood at an event, and whose they were, worked out from the events alone."""

from __future__ import annotations

from django.db.models import Case, Exists, F, Max, OuterRef, Q, Value, When
from django.db.models.fields import BigIntegerField

from corpus.models import DatasetVersion
from corpus.versions.recipe import recipe_of
from labeling.matching import IMPORT
from labeling.models import Event, EventKind
from labeling.models.event import EventQuerySet
from projects.models import Project, Question
from projects.models.document import HIDDEN, blind

GIVES = (EventKind.CREATE, EventKind.REVISE, EventKind.IMPORT)
MAY_GIVE = (EventKind.UNDO, EventKind.RESTORE)
"""They hold answers where one stands after them."""
GONE = (EventKind.DELETE, EventKind.ERASE)

PERSON = Case(
    When(kind__in=(EventKind.CREATE, EventKind.UNDO), then=F("actor")),
    When(annotator__isnull=False, then=F("annotator")),
    When(kind=EventKind.REVISE, payload__imported=True, then=Value(None)),
    When(kind=EventKind.REVISE, then=F("actor")),
    default=Value(None),
    output_field=BigIntegerField(),
)
"""Whose answer an event holds; empty: it came with a file."""


def standing(project: Project, until: int, *, question: Question | None = None) -> EventQuerySet:
    """The events whose answers stood once event `until` had happened.

    An answer stands until another event replaces it. Answers beyond the number wanted are among
    them; those about documents that were deleted by then are not. `question`: only those that
    speak about it.
    """
    replaced = Event.objects.filter(replaces=OuterRef("pk"), pk__lte=until)
    gone = Event.objects.filter(
        project=project, kind__in=GONE, pk__lte=until, document__state__in=HIDDEN
    )
    events = (
        Event.objects.filter(project=project, pk__lte=until)
        .filter(Q(kind__in=GIVES) | Q(kind__in=MAY_GIVE, payload__has_key="answers"))
        .exclude(Exists(replaced))
        .exclude(document__in=gone.values("document"))
    )
    if question is not None:
        events = events.filter(payload__answers__has_key=str(question.pk))
    return events


def learnable(events: EventQuerySet) -> EventQuerySet:
    """Without the blind documents: no model ever learned from them."""
    return events.exclude(blind("document__"))


def frozen_of(version: DatasetVersion, *, project: Project, until: int) -> EventQuerySet:
    """The events whose answers stood when a version was frozen and that its filters let in: by
    person, day and blindness. Those by state and agreement look at documents as they were then.

    `until`: see `frozen_at`.
    """
    filters = recipe_of(version.recipe).filters
    events = standing(project, until)
    if filters.get("annotators"):
        imported = Q(person=None) if lets_in(version, None) else Q()
        events = events.annotate(person=PERSON).filter(
            Q(person__in=_people(filters["annotators"])) | imported
        )
    if since := filters.get("since"):
        events = events.filter(created_at__date__gte=since)
    if last_day := filters.get("until"):
        events = events.filter(created_at__date__lte=last_day)
    match filters.get("blind"):
        case "only":
            return events.filter(blind("document__"))
        case "without":
            return learnable(events)
    return events


def lets_in(version: DatasetVersion, person: int | None) -> bool:
    """Whether a version's filter of people lets this one's answers in; None: imported ones."""
    annotators = recipe_of(version.recipe).annotators
    return not annotators or (IMPORT if person is None else str(person)) in annotators


def frozen_at(version: DatasetVersion) -> int:
    """The last event before a version was frozen, as far as its time tells."""
    events = Event.objects.filter(project=version.project_id, created_at__lte=version.created_at)
    return events.aggregate(last=Max("pk"))["last"] or 0


def _people(annotators: str) -> list[int]:
    return [int(each) for each in annotators.split(",") if each.isdecimal()]
