from django.db import models
from django.utils import timezone


class Comparison(models.Model):
    """Two versions side by side on the blind test documents that were answered by then."""

    question = models.ForeignKey(
        "projects.Question", on_delete=models.CASCADE, related_name="comparisons"
    )
    first = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.CASCADE, related_name="compared"
    )
    second = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.CASCADE, related_name="compared_with"
    )
    versions = models.JSONField(help_text="As they were then: a live version moves on.")
    documents = models.PositiveIntegerField(default=0)
    figures = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["question", "-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.versions[0]} against {self.versions[1]} on {self.documents} documents"
