from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence

from django.db import models
from django.db.models import Q

BLIND_SHARE = 0.5
"""Of the reserve."""
BLIND_SPLITS = frozenset({"test", "calibration"})
"""Of documents that came with a split."""


class DocumentState(models.TextChoices):
    STAGED = "staged", "Being imported"
    OPEN = "open", "To do"
    DONE = "done", "Done"
    OWNER = "owner", "With the owner"
    MODEL = "model", "Labelled by a model"
    DELETED = "deleted", "Deleted"
    ERASED = "erased", "Erased"


HIDDEN = (DocumentState.STAGED, DocumentState.DELETED, DocumentState.ERASED)
"""Outside the queue, the counts, the learning and the exports."""


def toss() -> float:
    """A coin of the reserve: uniform in [0, 1)."""
    return random.random()  # noqa: S311 - chance, not secrecy


def blind(document: str = "") -> Q:
    """What is so of a blind document; `document` is the way to it, as "document__"."""
    drawn = {"imported_split": "", "in_reserve": True, "display_coin__lt": BLIND_SHARE}
    came = {"imported_split__in": BLIND_SPLITS}
    chance, split = (
        Q(**{document + name: value for name, value in fields.items()}) for fields in (drawn, came)
    )
    return chance | split | Q(**{f"{document}is_drawn": True})


def document_hash(texts: Mapping[str, str], text_fields: Sequence[str]) -> str:
    """sha256 (hex) of the text a model reads: the fields in order, joined by an empty line."""
    return hashlib.sha256(joined_text(texts, text_fields).encode()).hexdigest()


def joined_text(texts: Mapping[str, str], text_fields: Sequence[str]) -> str:
    return "\n\n".join(texts.get(field, "") for field in text_fields)


class DocumentQuerySet(models.QuerySet["Document"]):
    def published(self) -> DocumentQuerySet:
        return self.exclude(state__in=HIDDEN)

    def not_blind(self) -> DocumentQuerySet:
        """Those whose suggestions may be seen, and from which may be learned; as `is_blind`."""
        return self.exclude(blind())

    def open(self) -> DocumentQuerySet:
        return self.filter(state=DocumentState.OPEN)

    def done(self) -> DocumentQuerySet:
        return self.filter(state=DocumentState.DONE)

    def deleted(self) -> DocumentQuerySet:
        return self.filter(state=DocumentState.DELETED)

    def with_the_owner(self) -> DocumentQuerySet:
        return self.filter(state=DocumentState.OWNER)


class Document(models.Model):
    """A text to label, stored exactly as it came, with its two coins of the reserve."""

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="documents"
    )
    external_id = models.CharField(max_length=200, blank=True)
    position = models.PositiveIntegerField(help_text="Order of import.")
    texts = models.JSONField(help_text="Field name to text.")
    meta = models.JSONField(default=dict, blank=True)
    text_hash = models.CharField(max_length=64)
    batch = models.UUIDField(null=True, blank=True, help_text="The import it came with.")
    state = models.CharField(
        max_length=10, choices=DocumentState.choices, default=DocumentState.OPEN
    )
    order_coin = models.FloatField(default=toss)
    display_coin = models.FloatField(default=toss)
    in_reserve = models.BooleanField(default=False)
    reserve_epoch = models.PositiveIntegerField(default=1)
    imported_split = models.CharField(max_length=20, blank=True)
    is_drawn = models.BooleanField(
        default=False,
        help_text="Drawn by chance to check a model before it labels the rest: blind for good.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["project", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "external_id"],
                condition=~models.Q(external_id=""),
                name="document_external_id_unique",
            )
        ]
        indexes = [
            models.Index(fields=["project", "state", "position"], name="document_state"),
            models.Index(fields=["project", "text_hash"], name="document_text_hash"),
            models.Index(fields=["batch"], name="document_batch"),
        ]

    def __str__(self) -> str:
        return self.external_id or f"Document {self.pk}"

    @property
    def model_text(self) -> str:
        return joined_text(self.texts, self.project.text_fields)

    @property
    def is_blind(self) -> bool:
        """Whether suggestions are computed but never sent for this document."""
        return self.arm == "blind"

    @property
    def arm(self) -> str:
        """In the reserve "blind" or "open", outside it "". Imported test rows are blind too, and
        what was drawn to check a model.
        """
        if self.is_drawn:
            return "blind"
        if self.imported_split:
            return "blind" if self.imported_split in BLIND_SPLITS else ""
        if not self.in_reserve:
            return ""
        return "blind" if self.display_coin < BLIND_SHARE else "open"

    @property
    def split(self) -> str:
        """The split of dataset versions. Blind documents are halved once, by hash."""
        if self.is_drawn and not self.imported_split:
            return "calibration"
        if self.imported_split:
            return self.imported_split
        if not self.is_blind:
            return "train"
        return "test" if int(self.text_hash[:8], 16) % 2 == 0 else "calibration"

    def fields(self) -> list[tuple[str, str]]:
        return [(name, self.texts.get(name, "")) for name in self.project.text_fields]
