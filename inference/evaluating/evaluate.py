"""Measure a fixed version by itself: on blind test documents, and apart on answers that were led.

What people see of the promoted one, often with a live head beside it, `measuring` measures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from corpus.versions.freeze import DatasetDamaged
from inference.evaluating.predictions import said_by
from inference.measuring.measure import KEPT, figures_of, headline, last_event
from inference.measuring.reserve import CHUNK, blind_test_documents, chunks
from inference.models import Measurement, ModelVersion
from inference.promoted.versions import learned_texts
from labeling.models import Annotation
from labeling.resolved import Picks, resolved_answers
from projects.jobs import JobRun
from projects.models import Document, Project

MOST_SEEN = 300
"""Documents of the contaminated figure, newest first: it decides nothing."""

Tested = tuple[list[Document], Mapping[int, Mapping[int, Picks]]]
"""Documents, and the resolved answers by document and question."""


def evaluate_version(run: JobRun, version: ModelVersion) -> dict[str, Any]:
    """Ask what is not known yet, then measure and store. Raises JobError."""
    event = last_event(version.project)
    found: dict[str, Any] = {"event": event}
    for contaminated in (False, True):
        documents, answers = seen_documents(version) if contaminated else tested_documents(version)
        _, said = said_by(run, version, documents)
        figures = figures_of(version.question, said, (documents, answers), [])
        _keep(version, {"event": event, **figures}, contaminated=contaminated)
        found["contaminated" if contaminated else "documents"] = figures["n"]
    return found


def tested_documents(version: ModelVersion) -> Tested:
    """The blind test documents on which people agree what the answer to its question is."""
    documents, answers = blind_test_documents(version.project)
    return _with_answer(documents, answers, version), answers


def seen_documents(version: ModelVersion) -> Tested:
    """Answered while suggestions were visible, and not what it was trained on; none where that
    cannot be told, because its dataset version is gone.
    """
    try:
        learned = learned_texts(version.pk)
    except DatasetDamaged:
        return [], {}
    documents = _newest_open(version.project, learned)
    answers: dict[int, dict[int, Picks]] = {}
    for chunk in chunks([document.pk for document in documents]):
        answers |= resolved_answers(version.project, chunk)
    return _with_answer(documents, answers, version), answers


def _newest_open(project: Project, learned: Collection[str]) -> list[Document]:
    counted = Annotation.objects.in_project(project).counted().values("document")
    rows = project.documents.published().not_blind().filter(pk__in=counted).order_by("-pk")
    texts = rows.values_list("pk", "text_hash").iterator(chunk_size=CHUNK)
    chosen = list(islice((pk for pk, text in texts if text not in learned), MOST_SEEN))
    documents = list(rows.filter(pk__in=chosen))
    for document in documents:
        document.project = project
    return documents


def _with_answer(
    documents: Sequence[Document],
    answers: Mapping[int, Mapping[int, Picks]],
    version: ModelVersion,
) -> list[Document]:
    return [one for one in documents if version.question_id in answers.get(one.pk, {})]


@transaction.atomic
def _keep(version: ModelVersion, figures: dict[str, Any], *, contaminated: bool) -> None:
    """Store what was measured; of blind documents also the headline with the version itself."""
    Measurement.objects.update_or_create(
        model_version=version,
        version=version.version,
        documents=figures["n"],
        contaminated=contaminated,
        defaults={
            "question": version.question,
            "reserve_epoch": version.project.reserve_epoch,
            "answers": version.learned_answers,
            "figures": figures,
            "created_at": timezone.now(),
        },
    )
    mine = version.measurements.filter(contaminated=contaminated).order_by("-created_at", "-pk")
    older = list(mine.values_list("pk", flat=True)[KEPT:])
    Measurement.objects.filter(pk__in=older).delete()
    if not contaminated:
        row = ModelVersion.objects.select_for_update().get(pk=version.pk)
        row.metrics = {**_others(row.metrics), **headline(version.question, figures)}
        row.save(update_fields=["metrics"])


def _others(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What was noted of a version besides: how its training went."""
    ours = ("accuracy", "micro_f1", "macro_f1", "coverage")
    return {name: value for name, value in metrics.items() if name not in ours}
