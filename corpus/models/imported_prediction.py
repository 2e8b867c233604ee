from django.db import models


class ImportedPrediction(models.Model):
    """What a model said about a document before it came here. Kept as it was told."""

    document = models.ForeignKey(
        "projects.Document", on_delete=models.CASCADE, related_name="imported_predictions"
    )
    question = models.ForeignKey(
        "projects.Question", on_delete=models.CASCADE, related_name="imported_predictions"
    )
    label = models.CharField(max_length=200, help_text="Its name, also if no such label exists.")
    score = models.FloatField(null=True, blank=True, help_text="From 0 to 1.")
    model = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["document", "question", "-score", "pk"]

    def __str__(self) -> str:
        return self.label
