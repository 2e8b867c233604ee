"""Training a model small enough to be killed many times."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from corpus.versions.freeze import freeze
from inference import artifacts
from inference.models import ModelVersion
from inference.training.request import request_training
from inference.training.settings import TrainingSettings
from projects.models import Project, Question, Role
from tests.factories import make_member, make_project, make_question
from tests.inference.training_data import answered, make_base

EPOCHS = 25


def seed() -> None:
    make_base(Path(settings.DATA_DIR) / "encoder")
    project = make_project("Support tickets", slug="tickets", reserve=0)
    make_question(project)
    answered(project, make_member(project, "ann", Role.ANNOTATOR), 150)
    freeze(project=project)


def begin() -> int:
    dataset = Project.objects.get().dataset_versions.get()
    chosen = TrainingSettings(epochs=EPOCHS, patience=EPOCHS, batch=8, learning_rate=3e-3)
    return request_training(
        dataset=dataset, question=Question.objects.get(), settings=chosen, author=None
    ).pk


def made() -> list[dict]:
    """The versions there are, each file of which has been read and compared."""
    return [
        {
            "job": version.parameters["job"],
            "number": version.number,
            "stage": version.stage,
            "files": sorted(path.name for path in artifacts.local(version).iterdir()),
            "weights": version.files["model.safetensors"],
            "steps": version.parameters["steps"],
        }
        for version in ModelVersion.objects.order_by("number")
    ]
