from __future__ import annotations

from django.db import models
from django.db.models import Q


class StagedAnswers(models.Model):
    """Answers and predictions of a staged document, by name. They become rows when it is published.

    So an import that is refused leaves neither events, which nobody may delete, nor labels.
    """

    document = models.OneToOneField(
        "projects.Document", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    answers = models.JSONField(
        default=dict, help_text="Question name to label names, or to spans as lists of four."
    )
    predictions = models.JSONField(
        default=list, help_text="Question, label, score, model, and where a span lies."
    )

    def __str__(self) -> str:
        return f"Answers to document {self.document_id}"


class ImportedPrediction(models.Model):
    """What some model elsewhere said about a document, as a file brought it."""

    document = models.ForeignKey(
        "projects.Document", on_delete=models.CASCADE, related_name="imported_predictions"
    )
    question = models.ForeignKey("projects.Question", on_delete=models.CASCADE, related_name="+")
    label = models.ForeignKey("projects.Label", on_delete=models.CASCADE, related_name="+")
    field = models.CharField(max_length=60, blank=True, help_text="Of a span.")
    start = models.PositiveIntegerField(null=True, blank=True, help_text="In code points.")
    end = models.PositiveIntegerField(null=True, blank=True, help_text="Exclusive.")
    score = models.FloatField(null=True, blank=True)
    model_name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["document", "question", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(score=None) | Q(score__gte=0, score__lte=1),
                name="imported_prediction_score",
            )
        ]
        indexes = [
            models.Index(fields=["document", "question"], name="imported_prediction_document")
        ]

    def __str__(self) -> str:
        return f"{self.label_id} for document {self.document_id}"
