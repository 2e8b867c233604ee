from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.urls import reverse


class Frozen(Exception):
    """A dataset version was to be changed or deleted."""


class DatasetVersionQuerySet(models.QuerySet["DatasetVersion"]):
    def newest_first(self) -> DatasetVersionQuerySet:
        return self.order_by("-number")

    def update(self, **_fields: Any) -> NoReturn:
        raise Frozen("A dataset version is never changed; freeze a new one.")

    def delete(self) -> NoReturn:
        raise Frozen("A dataset version goes only with its project.")


class DatasetVersion(models.Model):
    """A project's resolved answers, frozen: never changed, verified by its sha256 when read."""

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="dataset_versions"
    )
    number = models.PositiveIntegerField()
    comment = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64)
    counts = models.JSONField(
        default=dict,
        help_text="documents; splits: split to documents; "
        "questions: question to label to split to documents.",
    )
    file = models.CharField(max_length=300, help_text="Below DATA_DIR.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DatasetVersionQuerySet.as_manager()

    class Meta:
        ordering = ["project", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="dataset_version_number")
        ]

    def __str__(self) -> str:
        return f"Dataset {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise Frozen("A dataset version is never changed; freeze a new one.")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise Frozen("A dataset version goes only with its project.")

    def get_absolute_url(self) -> str:
        return reverse("dataset", args=[self.project.slug, self.number])

    @property
    def path(self) -> Path:
        return Path(settings.DATA_DIR) / self.file
