"""Tiny fine-tuned models, random, as versions in the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inference import artifacts
from inference.models import ModelKind, ModelVersion, Stage
from inference.registry import next_number
from projects.models import Question
from tests.inference import tiny_encoders


def make_folder(folder: Path, names: list[str], *, kind: str = "Sequence", **config: Any) -> Path:
    """A folder with a classifier of these names on a tiny BERT."""
    import torch
    import transformers

    folder.mkdir(exist_ok=True)
    tiny_encoders.make("bert", folder)
    torch.manual_seed(0)
    model = getattr(transformers, f"AutoModelFor{kind}Classification").from_pretrained(
        folder, num_labels=len(names), id2label=dict(enumerate(names)), **config
    )
    model.classifier.weight.data *= 20  # so that it says something
    model.save_pretrained(folder)
    return folder


def register(question: Question, folder: Path, labels: list[int | None], **fields: Any):
    """A fine-tuned version of what is in a folder, its columns of these labels."""
    name, files = artifacts.keep(folder)
    fields.setdefault("kind", ModelKind.FINE_TUNED)
    parameters = {"labels": labels, **fields.pop("parameters", {})}
    return ModelVersion.objects.create(
        project=question.project,
        question=question,
        name="Tiny fine-tuned",
        number=next_number(question),
        stage=Stage.CHALLENGER,
        folder=name,
        files=files,
        parameters=parameters,
        **fields,
    )
