import uuid
from typing import Any

from django.conf import settings
from django.db import models


class Exposure(models.Model):
    """What one person was assigned, sent and shown about one question of one document."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    document = models.ForeignKey(
        "projects.Document", on_delete=models.CASCADE, related_name="exposures"
    )
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    question = models.ForeignKey("projects.Question", on_delete=models.CASCADE, related_name="+")
    arm = models.CharField(max_length=10, blank=True, help_text="blind, open, or outside: empty.")
    items = models.JSONField(
        default=list, help_text="Suggested items as computed: label id, score, offered."
    )
    model_version = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="Empty: hidden or abstained.")
    painted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["document", "annotator"], name="exposure_document")]

    def __str__(self) -> str:
        return f"{self.model_version or 'nothing'} for document {self.document_id}"

    @property
    def shown_items(self) -> list[Any]:
        """What a page was sent of them, if it was sent anything."""
        return [item for item in self.items if not item.get("withheld")]
