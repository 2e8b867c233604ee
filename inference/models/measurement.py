from django.db import models
from django.utils import timezone


class Measurement(models.Model):
    """What one version of a model was worth when it was measured, on blind test documents only."""

    question = models.ForeignKey(
        "projects.Question", on_delete=models.CASCADE, related_name="measurements"
    )
    model_version = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.CASCADE, related_name="measurements"
    )
    version = models.CharField(max_length=40, help_text="As it was then: a live version moves on.")
    reserve_epoch = models.PositiveIntegerField(default=1)
    answers = models.PositiveIntegerField(default=0, help_text="Answers it had learned from.")
    documents = models.PositiveIntegerField(default=0, help_text="Blind test documents measured.")
    contaminated = models.BooleanField(
        default=False, help_text="Measured on answers that were made while suggestions were shown."
    )
    figures = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["question", "-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "version", "documents", "contaminated"],
                name="measurement_unique",
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} on {self.documents} documents"

    @property
    def stamp(self) -> str:
        """Changes whenever it is measured again."""
        return f"{self.pk}-{self.created_at.timestamp():.6f}"
