"""The end of a project, for now or for good: what this room keeps of it, and who is at work."""

from __future__ import annotations

from collections.abc import Iterator

from labeling import presence
from labeling.models import (
    Annotation,
    Answer,
    Draft,
    Event,
    Exposure,
    ModelAnnotation,
    Presence,
    Slot,
    SlotState,
)
from projects.archive import when_archived
from projects.delete_project import Rows, deleting, when_deleting
from projects.models import Project


@deleting
def rows_of_labeling(project: Project) -> Iterator[Rows]:
    yield Presence.objects.filter(project=project)
    yield Exposure.objects.filter(document__project=project)
    yield Draft.objects.filter(document__project=project)
    yield ModelAnnotation.objects.filter(project=project)
    yield Answer.objects.filter(annotation__project=project)
    yield Annotation.objects.filter(project=project)
    yield Slot.objects.filter(project=project)
    yield Event.objects.filter(project=project)


@when_archived
def give_leases_back(project: Project) -> None:
    """Whoever still submits is heard all the same, as after any lease that ran out."""
    Slot.objects.leased().filter(project=project).update(
        state=SlotState.FREE, annotator=None, leased_until=None
    )


when_deleting(presence.announce_gone)
