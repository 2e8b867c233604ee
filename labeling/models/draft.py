from django.conf import settings
from django.db import models


class Draft(models.Model):
    """What a person has chosen but not yet submitted. The newest `sequence` wins."""

    document = models.ForeignKey(
        "projects.Document", on_delete=models.CASCADE, related_name="drafts"
    )
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts"
    )
    client_id = models.UUIDField(help_text="Of the submit this will become.")
    sequence = models.PositiveIntegerField(default=0)
    payload = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "annotator"], name="draft_one_per_person")
        ]

    def __str__(self) -> str:
        return f"Draft {self.sequence} of {self.annotator_id} on {self.document_id}"
