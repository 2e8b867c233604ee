"""What this room keeps about a project, for its deletion: rows, their files, and comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path

from django.conf import settings

from corpus.models import (
    DatasetTag,
    DatasetTagMove,
    DatasetVersion,
    Export,
    Import,
    ImportedPrediction,
    ImportProblem,
    Redaction,
    StagedAnswers,
)
from corpus.versions import diff
from projects.delete_project import Rows, deleting
from projects.models import Project


@deleting
def rows_of_corpus(project: Project) -> Iterator[Rows]:
    yield StagedAnswers.objects.filter(document__project=project)
    yield ImportedPrediction.objects.filter(document__project=project)
    yield ImportProblem.objects.filter(source__project=project)
    yield DatasetTag.objects.filter(project=project)
    yield DatasetTagMove.objects.filter(project=project)
    yield Redaction.objects.filter(dataset_version__project=project)
    yield Export.objects.filter(project=project)
    _remove_comparisons(project)
    yield DatasetVersion.objects.filter(project=project)
    with suppress(OSError):
        (Path(settings.MEDIA_ROOT) / "datasets" / str(project.pk)).rmdir()
    yield Import.objects.filter(project=project)


def _remove_comparisons(project: Project) -> None:
    """They are named after contents; another project with equal ones makes them again."""
    versions = DatasetVersion.objects.filter(project=project).only("sha256")
    for old, new in product(versions, repeat=2):
        diff.path_of(old, new).unlink(missing_ok=True)
