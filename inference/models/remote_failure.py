from django.db import models


class RemoteFailure(models.Model):
    """A document of which a remote version gave no answer that could be used. Not what it said
    instead: that may quote the text.
    """

    model_version = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.CASCADE, related_name="remote_failures"
    )
    document = models.ForeignKey("projects.Document", on_delete=models.CASCADE, related_name="+")
    times = models.PositiveSmallIntegerField(default=1)
    failed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "document"], name="remote_failure_unique"
            )
        ]

    def __str__(self) -> str:
        return f"Document {self.document_id}, which {self.model_version_id} did not answer"
