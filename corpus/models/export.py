from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from corpus.formats import FORMATS


class Answers(models.TextChoices):
    RESOLVED = "resolved", "What people agree on"
    EVERYONE = "everyone", "What each person said"


def export_path(_instance: Export, _file_name: str) -> str:
    return f"exports/{uuid.uuid4()}"


class Export(models.Model):
    """A file made of a project's documents and answers, or of a dataset version's."""

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="exports"
    )
    dataset = models.ForeignKey(
        "corpus.DatasetVersion",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="exports",
        help_text="Empty: the project as it was.",
    )
    format = models.CharField(max_length=20, default="csv")
    answers = models.CharField(max_length=10, choices=Answers.choices, default=Answers.RESOLVED)
    with_provenance = models.BooleanField(default=False)
    with_model_answers = models.BooleanField(default=False)
    filters = models.JSONField(default=dict, blank=True, help_text="Which documents it holds.")
    options = models.JSONField(
        default=dict, blank=True, help_text="How the format is written, such as the tag scheme."
    )
    unsaid = models.JSONField(
        default=list, blank=True, help_text="What the format could not say: document, item, reason."
    )
    unsaid_count = models.PositiveBigIntegerField(
        default=0, help_text="How much the format could not say; `unsaid` has the first."
    )
    with_splits = models.BooleanField(default=False)
    spreadsheet_safe = models.BooleanField(default=False)
    file = models.FileField(upload_to=export_path, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    documents = models.PositiveBigIntegerField(default=0)
    job = models.ForeignKey(
        "projects.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["project", "-created_at"], name="export_project")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_erased(self) -> bool:
        """Whether its file was removed because a document that it may hold was erased."""
        return self.finished_at is not None and not self.file

    @property
    def file_name(self) -> str:
        """What the browser saves it as."""
        kind = "everyone" if self.answers == Answers.EVERYONE else "export"
        content = f"dataset-{self.dataset.number}" if self.dataset else f"{kind}-{self.pk}"
        suffix = FORMATS[self.format].suffixes[0] if self.format in FORMATS else f".{self.format}"
        return f"{self.project.slug}-{content}{suffix}"

    @property
    def format_word(self) -> str:
        """The format's name without what explains it."""
        title = FORMATS[self.format].title if self.format in FORMATS else self.format
        return title.partition(",")[0]
