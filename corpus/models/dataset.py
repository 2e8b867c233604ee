from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.urls import reverse


class Frozen(Exception):
    """A dataset version was to be changed or deleted."""


class DatasetVersionQuerySet(models.QuerySet["DatasetVersion"]):
    def update(self, **_fields: Any) -> NoReturn:
        raise Frozen("Dataset versions are never changed; freeze another one.")

    def delete(self) -> NoReturn:
        raise Frozen("Dataset versions are never deleted.")


def dataset_path(instance: DatasetVersion, _file_name: str) -> str:
    return f"datasets/{instance.project_id}/{instance.number}-{instance.sha256[:12]}.jsonl"


def parquet_path(instance: DatasetVersion, _file_name: str) -> str:
    return f"datasets/{instance.project_id}/{instance.number}-{instance.sha256[:12]}.parquet"


class DatasetVersion(models.Model):
    """A project's documents and resolved answers as they stood. Written once, never changed."""

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="dataset_versions"
    )
    number = models.PositiveIntegerField()
    comment = models.CharField(max_length=500, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    documents = models.PositiveBigIntegerField()
    counts = models.JSONField(help_text="Documents per split; per question, label and split.")
    recipe = models.JSONField(
        default=dict, blank=True, help_text="What was asked for: see `corpus.versions.recipe`."
    )
    people = models.JSONField(
        default=dict,
        blank=True,
        help_text="Who stands behind each pseudonym of the file: user ids, by pseudonym.",
    )
    card = models.JSONField(default=dict, blank=True, help_text="The data card, without texts.")
    card_sha256 = models.CharField(max_length=64, blank=True)
    file = models.FileField(upload_to=dataset_path)
    parquet = models.FileField(
        upload_to=parquet_path, blank=True, help_text="Empty for versions from before there were."
    )
    parquet_sha256 = models.CharField(max_length=64, blank=True)
    parquet_size = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DatasetVersionQuerySet.as_manager()

    class Meta:
        ordering = ["project", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="dataset_number_unique")
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise Frozen("Dataset versions are never changed; freeze another one.")
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("dataset", args=[self.project.slug, self.number])

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise Frozen("Dataset versions are never deleted.")
