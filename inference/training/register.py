"""What was trained, as a version in the registry: its folder first, then its row."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import transaction

from corpus.models import DatasetVersion
from inference import artifacts
from inference.models import ModelKind, ModelVersion, Stage
from inference.registry import environment, next_number
from inference.training.base import Base
from inference.training.card import card
from inference.training.checkpoint import folder_of
from inference.training.labels import labels_of
from inference.training.network import Network
from projects.jobs import JobRun
from projects.loose_files import loose
from projects.models import Job, Question


def registered(job: Job) -> ModelVersion | None:
    """What an earlier attempt at this job has registered."""
    return ModelVersion.objects.filter(
        kind=ModelKind.FINE_TUNED, project=job.project_id, parameters__job=job.pk
    ).first()


def register(
    run: JobRun,
    *,
    question: Question,
    dataset: DatasetVersion,
    base: Base,
    network: Network,
    facts: Mapping[str, Any],
) -> ModelVersion:
    """Store the network and give it the question's next number. Raises OSError."""
    parameters = {
        **network.settings.as_dict(),
        **facts,
        "labels": _ids(run.job, network, question, dataset),
        "base": base.name,
        "dataset": dataset.number,
        "dataset_sha256": dataset.sha256,
        "job": run.job.pk,
    }
    made = _written(run.job, base, network)
    (made / "README.md").write_text(
        card(
            question=question,
            dataset=dataset,
            lessons=network.lessons,
            parameters=parameters,
            environment=environment(),
        ),
        encoding="utf-8",
    )
    name = artifacts.new_name()
    with loose(name):
        files = artifacts.keep_as(name, made)
        with transaction.atomic():
            run.save_checkpoint(run.checkpoint)  # which only who still owns the job can
            return ModelVersion.objects.create(
                project=question.project,
                question=question,
                name=f"{base.title} fine-tuned"[:80],
                number=next_number(question),
                kind=ModelKind.FINE_TUNED,
                encoder=base.name[:100],
                dataset_version=dataset,
                parameters=parameters,
                environment=environment(),
                author=run.job.created_by,
                folder=name,
                files=files,
                stage=Stage.CHALLENGER,
            )


def _written(job: Job, base: Base, network: Network) -> Path:
    """A Hugging Face folder, beside the job's checkpoint."""
    folder = folder_of(job.pk) / "artifact"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    network.model.save_pretrained(folder)
    if network.letters is not None:
        network.letters.write(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        if (base.folder / name).is_file():
            shutil.copyfile(base.folder / name, folder / name)
    return folder


def _ids(
    job: Job, network: Network, question: Question, dataset: DatasetVersion
) -> list[int | None]:
    """Of each column the label it stands for, as of when the training was asked for; None for what
    is no label, and for one that is gone of which nothing was learned.
    """
    ids = job.params.get("labels") or labels_of(dataset, question)
    return [ids.get(name) for name in network.lessons.labels]
