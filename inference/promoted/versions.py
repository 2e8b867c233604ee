"""Which version is promoted, what it has learned from, and whether its files are whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from django.core.files.storage import default_storage
from django.db import transaction

from corpus.models import DatasetVersion
from corpus.versions.freeze import contents_of
from inference import artifacts
from inference.artifacts import ArtifactDamaged
from inference.models import ModelKind, ModelVersion, Stage
from inference.registry import environment, next_number
from inference.spans.calibration import Calibration, line_in
from labeling.merged import merged_into
from projects.models import Question, document_hash

IN_FOLDERS = (ModelKind.FINE_TUNED, ModelKind.FOLDER)
LEARNED = frozenset({"train", "validation"})
"""The splits whose answers flatter what was trained on them."""


class Promoted(NamedTuple):
    """A promoted version as heads know it. `columns`: the label, by id, of each of its outputs;
    None for what is no label of the project. `is_remote`: it is not asked, but what it said of a
    document before is shown. `line`: of spans, under which their scores come true, if it is known.
    """

    version: int
    name: str
    number: int
    encoder: str
    columns: tuple[int | None, ...]
    temperature: float = 1.0
    is_remote: bool = False
    line: Calibration | None = None


def promoted_version(question: Question) -> ModelVersion | None:
    """The champion that somebody chose; None while the live head on the usual encoder suggests."""
    return ModelVersion.objects.promoted().filter(question=question).first()


def promoted_as(version: int) -> Promoted | None:
    """None for a version that is gone."""
    rows = ModelVersion.objects.filter(pk=version).select_related("project")
    row = rows.first() if version else None
    return as_promoted(row) if row else None


def promoted_of(questions: Collection[int]) -> dict[int, int]:
    """Question id to the version promoted there. One query."""
    rows = ModelVersion.objects.promoted().filter(question__in=questions)
    return dict(rows.values_list("question", "pk"))


def as_promoted(version: ModelVersion) -> Promoted:
    """What it says of a label that was merged away counts for the one that stands for it."""
    into = merged_into(version.project)
    columns = [into.get(label, label) for label in version.parameters.get("labels", ())]
    return Promoted(
        version.pk,
        version.name,
        version.number,
        encoder_of(version),
        tuple(columns),
        float(version.parameters.get("temperature") or 1),
        version.kind == ModelKind.REMOTE,
        line_in(version.parameters),
    )


def encoder_of(version: ModelVersion) -> str:
    """Names its outputs among the vectors: another version, or other weights, other outputs."""
    weights = version.files.get("model.safetensors", "")
    return f"version-{version.pk}-{weights[:8]}"


def trouble(question: Question) -> str:
    """Why the promoted version cannot suggest, for people to read; empty while it can."""
    version = promoted_version(question)
    return trouble_with(version) if version is not None else ""


def trouble_with(version: ModelVersion) -> str:
    """As `trouble`, for the version that is promoted."""
    if version.kind not in IN_FOLDERS:
        return ""
    try:
        checked(version)
    except ArtifactDamaged as damage:
        return f"{damage} Until then the live head suggests."
    return ""


def checked(version: ModelVersion) -> None:
    """Raises ArtifactDamaged; the hashes are computed again only when a file looks different."""
    reason = _damage(version.pk, looks(version))
    if reason:
        raise ArtifactDamaged(reason)


def looks(version: ModelVersion) -> tuple[tuple[str, int, float], ...]:
    """Size and time of each file of a version; -1 for one that is missing."""
    return tuple(_look(version.folder, name) for name in sorted(version.files))


def _look(folder: str, name: str) -> tuple[str, int, float]:
    path = folder + name
    try:
        modified = default_storage.get_modified_time(path).timestamp()
        return name, default_storage.size(path), modified
    except FileNotFoundError:
        return name, -1, 0.0


@lru_cache(64)
def _damage(pk: int, _looks: tuple[tuple[str, int, float], ...]) -> str:
    try:
        artifacts.local(ModelVersion.objects.get(pk=pk))
    except ArtifactDamaged as damage:
        return str(damage)
    return ""


def learned_texts(version: int) -> frozenset[str]:
    """Hashes of the texts whose answers a version has learned from; none of one from elsewhere.

    Raises DatasetDamaged.
    """
    rows = ModelVersion.objects.filter(pk=version).exclude(dataset_version=None)
    dataset = rows.values_list("dataset_version", flat=True).first()
    return _learned_texts(dataset) if dataset else frozenset()


@lru_cache(8)
def _learned_texts(dataset: int) -> frozenset[str]:
    with contents_of(DatasetVersion.objects.get(pk=dataset)) as (definitions, records):
        return frozenset(
            document_hash(record.texts, definitions.text_fields)
            for record in records
            if record.split in LEARNED
        )


def forget_all() -> None:
    """Empty the memory of this process."""
    _damage.cache_clear()
    _learned_texts.cache_clear()


def keep_blended(promoted: Promoted, *, last_event: int, facts: Mapping[str, Any]) -> ModelVersion:
    """The row of the live head that speaks with a promoted version, moved on to `last_event`.

    A slower process never moves it back.
    """
    base = ModelVersion.objects.select_related("question__project").get(pk=promoted.version)
    with transaction.atomic():
        row, _ = ModelVersion.objects.get_or_create(
            question=base.question,
            encoder=promoted.encoder,
            kind=ModelKind.LIVE,
            defaults={
                "project": base.question.project,
                "name": f"{base.name} live"[:80],
                "number": next_number(base.question),
                "base": base,
            },
        )
        if ModelVersion.objects.filter(pk=row.pk, last_event__gt=last_event).exists():
            return row
        row.last_event_id = last_event or None
        row.parameters, row.environment = dict(facts), environment()
        row.stage = Stage.CHAMPION
        row.save(update_fields=["last_event", "parameters", "environment", "stage", "updated_at"])
    return row
