"""Tuned versions in the registry: of a question at most one serves, and no other has a file."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet

from inference.engine import Engine
from inference.models import ModelKind, ModelVersion, Stage
from inference.registry import environment, next_number
from inference.spans.calibration import Calibration
from inference.spans.heads import Share, SpanHead
from inference.tuning.choose import Verdict
from inference.tuning.tuned_engine import Artifact
from projects.models import Question

FOLDER = "models"


def serving_versions(questions: Collection[int], encoder: str, removal: int) -> dict[int, int]:
    """Question id to the tuned version that has a say there: tuned from this encoder, and since
    then nothing was taken away from what there is to learn from (`removal`, the last such event).
    """
    rows = _serving().filter(question__in=questions, encoder=encoder)
    return {
        question: pk
        for question, pk, parameters in rows.values_list("question", "pk", "parameters")
        if parameters.get("removal") == removal
    }


def retire(question: Question, removal: int) -> bool:
    """Take out of service, and from the disk, what learned from something since taken away."""
    rows = _serving().filter(question=question)
    stale = [row.pk for row in rows if row.parameters.get("removal") != removal]
    gone = ModelVersion.objects.filter(pk__in=stale)
    gone.update(stage=Stage.ARCHIVED)
    _remove_files(gone)
    return bool(stale)


def _serving() -> QuerySet[ModelVersion]:
    return ModelVersion.objects.filter(kind=ModelKind.TUNED, stage=Stage.CHAMPION)


def with_share(head: SpanHead, version: int) -> SpanHead:
    """The head with what was chosen when this version was tuned; as it is for version 0."""
    row = ModelVersion.objects.filter(pk=version).first() if version else None
    if row is None:
        return head
    weight, offset, slope = row.metrics["share"]
    return replace(head, tuned=Share(weight, Calibration(offset, slope)))


def artifact_of(version: int, folder: Path) -> Artifact | None:
    """Where a tuned version lies; None when it is gone."""
    row = ModelVersion.objects.filter(pk=version).exclude(artifact="").first()
    if row is None or not row.artifact:
        return None
    return Artifact(
        name=f"{row.encoder[:80]}+tuned{row.pk}",
        folder=folder,
        file=Path(row.artifact.path),
        sha256=row.artifact_sha256,
        columns=tuple(row.parameters["labels"]),
    )


def register(
    *,
    question: Question,
    engine: Engine,
    last_event: int,
    parameters: Mapping[str, Any],
    verdict: Verdict,
    data: bytes,
) -> ModelVersion:
    """A row for what was tuned. With `data`, its packed network, it serves from now on.

    Whatever served before gives way also to one that did not win: it is older. A run that is
    killed on the way leaves a file that the next one removes.
    """
    share = verdict.share
    numbers = [share.weight, share.calibration.offset, share.calibration.slope]
    with transaction.atomic():
        row = ModelVersion.objects.create(
            project=question.project,
            question=question,
            name=f"{engine.title} tuned"[:80],
            number=next_number(question),
            kind=ModelKind.TUNED,
            encoder=engine.name,
            last_event_id=last_event or None,
            parameters=dict(parameters),
            environment=environment(),
            metrics={**verdict.figures(), "share": numbers},
            artifact=f"{FOLDER}/tuned-{uuid.uuid4().hex}.safetensors" if data else "",
            artifact_sha256=hashlib.sha256(data).hexdigest() if data else "",
            stage=Stage.ARCHIVED,
        )
    if data:
        default_storage.save(row.artifact.name, ContentFile(data))
    others = ModelVersion.objects.filter(question=question, kind=ModelKind.TUNED).exclude(pk=row.pk)
    with transaction.atomic():
        others.filter(stage=Stage.CHAMPION).update(stage=Stage.ARCHIVED)
        if data:
            row.stage = Stage.CHAMPION
            row.save(update_fields=["stage", "updated_at"])
    _remove_files(others)
    return row


def _remove_files(rows: QuerySet[ModelVersion]) -> None:
    """Files first: who is killed in between finds their names again."""
    for row in rows.exclude(artifact=""):
        default_storage.delete(str(row.artifact.name))
        ModelVersion.objects.filter(pk=row.pk).update(artifact="")
