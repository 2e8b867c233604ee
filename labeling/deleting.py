"""What this room keeps about a project, for its deletion."""

from __future__ import annotations

from collections.abc import Iterator

from labeling.models import Annotation, Answer, Draft, Event, Exposure, Presence, Slot
from projects.delete_project import Rows, deleting
from projects.models import Project


@deleting
def rows_of_labeling(project: Project) -> Iterator[Rows]:
    yield Rows(Presence.objects.filter(project=project))
    yield Rows(Exposure.objects.filter(document__project=project))
    yield Rows(Draft.objects.filter(document__project=project))
    yield Rows(Answer.objects.filter(annotation__project=project))
    yield Rows(Annotation.objects.filter(project=project))
    yield Rows(Slot.objects.filter(project=project))
    yield Rows(Event.objects.filter(project=project))
