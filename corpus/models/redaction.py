from __future__ import annotations

from django.db import models


class Redaction(models.Model):
    """A dataset version that held a document which was erased since. Its file is gone."""

    dataset_version = models.ForeignKey(
        "corpus.DatasetVersion", on_delete=models.CASCADE, related_name="redactions"
    )
    reason = models.CharField(max_length=500, blank=True)
    successor = models.ForeignKey(
        "corpus.DatasetVersion",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="redacts",
        help_text="The same content without what was erased.",
    )
    erased_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["dataset_version", "pk"]

    def __str__(self) -> str:
        return f"Redaction of {self.dataset_version}"
