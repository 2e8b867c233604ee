from __future__ import annotations

from django.conf import settings
from django.db import models


class DatasetVersion(models.Model):
    """A project's resolved answers, frozen: never changed, verified by its sha256 when read."""

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="dataset_versions"
    )
    number = models.PositiveIntegerField()
    comment = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64)
    counts = models.JSONField(default=dict)
    file = models.CharField(max_length=300, help_text="Below DATA_DIR.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="dataset_version_number")
        ]

    def __str__(self) -> str:
        return f"Dataset {self.number}"
