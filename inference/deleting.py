"""What this room keeps about a project, for its deletion: also what it remembers of the texts."""

from __future__ import annotations

from collections.abc import Iterator

from inference.models import ModelVersion, Suggestion, Vector, WordStates
from projects.delete_project import Rows, deleting
from projects.models import Document, Project


@deleting
def rows_of_inference(project: Project) -> Iterator[Rows]:
    yield Rows(Suggestion.objects.filter(document__project=project))
    yield Rows(WordStates.objects.filter(project=project))
    yield Rows(ModelVersion.objects.filter(project=project), file="artifact")
    # A text that another project holds as well keeps its vector.
    here = project.documents.values("text_hash")
    elsewhere = Document.objects.exclude(project=project).values("text_hash")
    yield Rows(Vector.objects.filter(text_hash__in=here).exclude(text_hash__in=elsewhere))
