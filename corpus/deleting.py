"""What this room keeps about a project, for its deletion: rows and files."""

from __future__ import annotations

from collections.abc import Iterator

from corpus.models import (
    DatasetVersion,
    Export,
    Import,
    ImportedPrediction,
    ImportProblem,
    Redaction,
    StagedAnswers,
)
from projects.delete_project import Rows, deleting
from projects.models import Project


@deleting
def rows_of_corpus(project: Project) -> Iterator[Rows]:
    yield Rows(StagedAnswers.objects.filter(document__project=project))
    yield Rows(ImportedPrediction.objects.filter(document__project=project))
    yield Rows(ImportProblem.objects.filter(source__project=project))
    yield Rows(Redaction.objects.filter(dataset_version__project=project))
    yield Rows(Export.objects.filter(project=project), file="file")
    yield Rows(DatasetVersion.objects.filter(project=project), file="file")
    yield Rows(Import.objects.filter(project=project), file="file")
