from django.conf import settings
from django.db import models


class Promotion(models.Model):
    """Somebody chose which model suggests for a question. Append-only: a rollback is one more."""

    question = models.ForeignKey(
        "projects.Question", on_delete=models.CASCADE, related_name="promotions"
    )
    model_version = models.ForeignKey(
        "inference.ModelVersion",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="promotions",
        help_text="Empty: the live head on the usual encoder.",
    )
    replaced = models.ForeignKey(
        "inference.ModelVersion", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(max_length=500, blank=True)
    evidence = models.JSONField(
        default=dict, blank=True, help_text="The comparison it rests on, as it was then."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["question", "-pk"]

    def __str__(self) -> str:
        return f"{self.model_version or 'the live head'} for question {self.question_id}"
