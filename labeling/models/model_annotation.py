from django.db import models


class ModelAnnotation(models.Model):
    """What a model answered in place of a person, to one question of one document.

    In a table of its own, so that it is never counted among what people said.
    """

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="model_annotations"
    )
    document = models.ForeignKey(
        "projects.Document", on_delete=models.CASCADE, related_name="model_annotations"
    )
    question = models.ForeignKey(
        "projects.Question", on_delete=models.CASCADE, related_name="model_annotations"
    )
    items = models.JSONField(help_text="Label id and score; of a span also field, start, end.")
    model_version = models.CharField(max_length=120)
    batch = models.PositiveBigIntegerField(help_text="What was labelled, and is undone, at once.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project", "document", "question"]
        constraints = [
            models.UniqueConstraint(fields=["document", "question"], name="model_annotation_unique")
        ]
        indexes = [models.Index(fields=["project", "batch"], name="model_annotation_batch")]

    def __str__(self) -> str:
        return f"{self.model_version} on document {self.document_id}"
