from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

if TYPE_CHECKING:
    from projects.models import Project


class ModelKind(models.TextChoices):
    LIVE = "live", "Live head"
    TUNED = "tuned", "Tuned encoder"
    FINE_TUNED = "fine_tuned", "Fine-tuned"
    FOLDER = "folder", "From a folder"
    REMOTE = "remote", "Remote"


PROMOTABLE = (ModelKind.FINE_TUNED, ModelKind.FOLDER, ModelKind.REMOTE)
"""Made once and fixed; of a question at most one of them is champion."""


class Stage(models.TextChoices):
    NONE = "", "Not in use"
    CHAMPION = "champion", "Champion"
    CHALLENGER = "challenger", "Challenger"
    ARCHIVED = "archived", "Archived"


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def in_project(self, project: Project) -> ModelVersionQuerySet:
        return self.filter(project=project)

    def promotable(self) -> ModelVersionQuerySet:
        return self.filter(kind__in=PROMOTABLE)

    def promoted(self) -> ModelVersionQuerySet:
        """The champions that somebody chose, in place of the live head on the usual encoder."""
        return self.promotable().filter(stage=Stage.CHAMPION)

    def live(self) -> ModelVersionQuerySet:
        return self.filter(kind=ModelKind.LIVE)


class ModelVersion(models.Model):
    """A model that can answer one question, and where it came from.

    A live version is (question, encoder, last event): its one row moves on with the answers and
    can be rebuilt from the events. Every other kind is fixed once made.
    """

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="model_versions"
    )
    question = models.ForeignKey(
        "projects.Question", on_delete=models.CASCADE, related_name="model_versions"
    )
    name = models.CharField(max_length=80)
    number = models.PositiveIntegerField(help_text="Counts the versions of one question.")
    kind = models.CharField(max_length=20, choices=ModelKind.choices)
    encoder = models.CharField(max_length=100, blank=True)
    dataset_version = models.ForeignKey(
        "corpus.DatasetVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="model_versions",
    )
    last_event = models.ForeignKey(
        "labeling.Event",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The last event it has learned from.",
    )
    parameters = models.JSONField(default=dict, blank=True)
    environment = models.JSONField(default=dict, blank=True)
    metrics = models.JSONField(default=dict, blank=True)
    base = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="heads",
        help_text="Of a live head: the promoted version on whose vectors it stands.",
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    comment = models.CharField(max_length=500, blank=True)
    folder = models.CharField(
        max_length=200, blank=True, help_text="In the storage: a Hugging Face folder."
    )
    files = models.JSONField(
        default=dict, blank=True, help_text="File name in the folder to its sha256."
    )
    registered = models.JSONField(
        default=dict, blank=True, help_text="Where it is known outside, such as an MLflow registry."
    )
    artifact = models.FileField(upload_to="models/", blank=True, max_length=200)
    artifact_sha256 = models.CharField(max_length=64, blank=True)
    stage = models.CharField(max_length=20, choices=Stage.choices, default=Stage.NONE, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ["question", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["question", "number"], name="model_version_number_unique"
            ),
            models.UniqueConstraint(
                fields=["question", "encoder"],
                condition=Q(kind=ModelKind.LIVE),
                name="model_version_one_live",
            ),
            models.UniqueConstraint(
                fields=["question"],
                condition=Q(stage=Stage.CHAMPION, kind__in=PROMOTABLE),
                name="model_version_one_promoted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("model", args=[self.project.slug, self.question.name, self.number])

    @property
    def version(self) -> str:
        """The number; of a live version also the event it has learned up to."""
        if self.is_live:
            return f"{self.number}.{self.last_event_id or 0}"
        return str(self.number)

    @property
    def is_live(self) -> bool:
        return self.kind == ModelKind.LIVE

    @property
    def is_suggesting(self) -> bool:
        return self.stage == Stage.CHAMPION

    @property
    def learned_answers(self) -> int:
        """How many resolved answers it was fitted on."""
        return int(self.parameters.get("answers", 0))

    @property
    def learned_spans(self) -> int:
        """How many marked spans those answers held."""
        return int(self.parameters.get("spans", 0))

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters that were chosen, in words, without the facts about what was learned."""
        facts = {"answers", "spans", "pool", "labels", "removal", "names", "prompt"}
        chosen = {name: value for name, value in self.parameters.items() if name not in facts}
        return {name.replace("_", " ").capitalize(): value for name, value in chosen.items()}

    @property
    def main_figure(self) -> dict[str, Any] | None:
        """What it was worth when it was last measured, with its interval; None: it never was."""
        return _main(self.metrics)

    @property
    def figure_as_suggested(self) -> dict[str, Any] | None:
        """While it is promoted: what people see, which is it with the project's threshold, and
        often with a live head beside it.
        """
        return _main(self.metrics.get("as_suggested", {})) if self.is_suggesting else None


def _main(metrics: Mapping[str, Any]) -> dict[str, Any] | None:
    return metrics.get("accuracy") or metrics.get("micro_f1")
