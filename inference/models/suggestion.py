from django.db import models


class Suggestion(models.Model):
    """What a model said about one question of one document, also where nobody was shown it."""

    document = models.ForeignKey(
        "projects.Document", on_delete=models.CASCADE, related_name="suggestions"
    )
    question = models.ForeignKey(
        "projects.Question", on_delete=models.CASCADE, related_name="suggestions"
    )
    model_version = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.CASCADE, related_name="suggestions"
    )
    version = models.CharField(max_length=40, help_text="As it was then: a live version moves on.")
    items = models.JSONField(
        default=list, help_text="Label id, score, offered; best first. Empty: it abstained."
    )
    label = models.ForeignKey(
        "projects.Label",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The first item's.",
    )
    score = models.FloatField(
        null=True, blank=True, help_text="The first item's; of spans the least certain one's."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "question", "model_version", "version"],
                name="suggestion_unique",
            )
        ]
        indexes = [
            models.Index(fields=["model_version", "label", "score"], name="suggestion_said"),
        ]

    def __str__(self) -> str:
        return f"{self.version} for document {self.document_id}"
