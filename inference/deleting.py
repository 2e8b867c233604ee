"""What this room keeps about a project, for its deletion: also what it remembers of the texts."""

from __future__ import annotations

from collections.abc import Iterator

from inference import answered, artifacts, live, vectors
from inference.models import (
    AutoLabelDocument,
    AutoLabelRun,
    Comparison,
    LiveWeights,
    Measurement,
    ModelVersion,
    Promotion,
    RemoteFailure,
    RemoteUse,
    Suggestion,
    Vector,
    WordStates,
)
from inference.spans import word_memory
from projects.delete_project import CHUNK, Rows, deleting
from projects.models import Document, Project


@deleting
def rows_of_inference(project: Project) -> Iterator[Rows]:
    yield Suggestion.objects.filter(document__project=project)
    yield WordStates.objects.filter(project=project)
    yield LiveWeights.objects.filter(question__project=project)
    yield Measurement.objects.filter(question__project=project)
    yield AutoLabelDocument.objects.filter(run__project=project)
    yield AutoLabelRun.objects.filter(project=project)
    yield Comparison.objects.filter(question__project=project)
    yield Promotion.objects.filter(question__project=project)
    yield RemoteFailure.objects.filter(model_version__project=project)
    yield RemoteUse.objects.filter(model_version__project=project)
    artifacts.remove(ModelVersion.objects.filter(project=project))
    yield ModelVersion.objects.filter(project=project)
    yield from _vectors(project)
    # Other processes let go of theirs in time: there it is numbers, kept under hashes.
    live.forget_all()
    answered.forget_all()
    vectors.recent.clear()
    word_memory.recent.clear()


def _vectors(project: Project) -> Iterator[Rows]:
    """Those of texts that no other project holds, which would have to read them again."""
    encoders = list(Vector.objects.order_by("encoder").values_list("encoder", flat=True).distinct())
    others = list(Project.objects.filter(deleting_at=None).values_list("pk", flat=True))
    documents = project.documents.order_by("pk").values_list("pk", "text_hash")
    through = 0
    while chunk := list(documents.filter(pk__gt=through)[:CHUNK]):
        through = chunk[-1][0]
        here = {text_hash for _, text_hash in chunk}
        elsewhere = Document.objects.filter(project__in=others, text_hash__in=here)
        alone = here - set(elsewhere.values_list("text_hash", flat=True))
        yield Vector.objects.filter(encoder__in=encoders, text_hash__in=alone)
