from __future__ import annotations

from django.conf import settings
from django.db import models


class DatasetTag(models.Model):
    """A name that points at a version, such as "paper-v1". It can be moved to another one."""

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="dataset_tags"
    )
    name = models.CharField(max_length=60)
    version = models.ForeignKey(
        "corpus.DatasetVersion", on_delete=models.CASCADE, related_name="tags"
    )

    class Meta:
        ordering = ["project", "name"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="dataset_tag_unique")
        ]

    def __str__(self) -> str:
        return self.name


class DatasetTagMove(models.Model):
    """Where a tag pointed from this moment on. Only ever added to."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    version = models.ForeignKey(
        "corpus.DatasetVersion",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Empty: the tag was removed.",
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["project", "-id"], name="dataset_tag_moves")]

    def __str__(self) -> str:
        return f"{self.name} to {self.version or 'nothing'}"
