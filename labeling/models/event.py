from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q


class EventKind(models.TextChoices):
    CREATE = "create", "Answered"
    REVISE = "revise", "Changed"
    UNDO = "undo", "Took back"
    SKIP = "skip", "Skipped"
    IMPORT = "import", "Imported"
    WITHDRAW = "withdraw", "Withdrew"
    DELETE = "delete", "Deleted"
    RESTORE = "restore", "Restored"
    MERGE = "merge", "Labels merged"
    ERASE = "erase", "Erased"
    MODEL = "model", "Labelled by a model"
    CLEAR = "clear", "A model's answer taken back"


class AppendOnly(Exception):
    """An event was to be changed or deleted."""


class EventQuerySet(models.QuerySet["Event"]):
    def update(self, **_fields: Any) -> NoReturn:
        raise AppendOnly("Events are never changed; add one that replaces it.")

    def delete(self) -> NoReturn:
        raise AppendOnly("Events are never deleted; erasure leaves a tombstone.")


class Event(models.Model):
    """What somebody did to the answers about a document. Append-only."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="events")
    document = models.ForeignKey(
        "projects.Document", on_delete=models.CASCADE, related_name="events"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty for imports without a person.",
    )
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Whose answer it is, where that is not the actor.",
    )
    kind = models.CharField(max_length=10, choices=EventKind.choices)
    client_id = models.UUIDField(help_text="Made by the client: sent twice, saved once.")
    replaces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    guideline = models.ForeignKey(
        "projects.GuidelineVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    payload = models.JSONField(
        default=dict, help_text="Answers per question, arm, what was sent and painted."
    )
    active_ms = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["actor", "client_id"],
                condition=Q(actor__isnull=False),
                name="event_client_id_unique",
            )
        ]
        indexes = [
            models.Index(fields=["project", "id"], name="event_project"),
            models.Index(fields=["document", "id"], name="event_document"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise AppendOnly("Events are never changed; add one that replaces it.")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise AppendOnly("Events are never deleted; erasure leaves a tombstone.")
