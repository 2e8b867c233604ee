from __future__ import annotations

import uuid
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse


class ImportState(models.TextChoices):
    CHOOSING = "choosing", "Columns not chosen yet"
    READING = "reading", "Reading"
    PUBLISHING = "publishing", "Adding to the queue"
    DONE = "done", "Done"
    REFUSED = "refused", "Nothing imported"
    DISCARDED = "discarded", "Discarded"


ENDED = frozenset({ImportState.DONE, ImportState.REFUSED, ImportState.DISCARDED})


class OnBadRows(models.TextChoices):
    KEEP_GOOD = "keep_good", "Import the good rows and list the bad ones"
    ALL_OR_NOTHING = "all_or_nothing", "Import nothing if any row is bad"


class ImportQuerySet(models.QuerySet["Import"]):
    def unended(self) -> ImportQuerySet:
        return self.exclude(state__in=ENDED)


class Import(models.Model):
    """One file on its way in: what it is, what its columns mean, how far it was read."""

    ENDED: ClassVar[frozenset[ImportState]] = ENDED

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="imports"
    )
    file_name = models.CharField(max_length=255, help_text="As the person calls it.")
    file = models.CharField(
        max_length=300, blank=True, help_text="Below DATA_DIR; removed when the import has ended."
    )
    sha256 = models.CharField(max_length=64, blank=True)
    format = models.CharField(max_length=20)
    mapping = models.JSONField(default=list, help_text="Pairs of target and column.")
    create_labels = models.BooleanField(default=False)
    on_bad_rows = models.CharField(
        max_length=20, choices=OnBadRows.choices, default=OnBadRows.KEEP_GOOD
    )
    state = models.CharField(
        max_length=10, choices=ImportState.choices, default=ImportState.CHOOSING
    )
    batch = models.UUIDField(default=uuid.uuid4, unique=True, help_text="On its documents.")
    first_position = models.PositiveIntegerField(null=True, help_text="Where row 0 would stand.")
    last_row = models.PositiveIntegerField(default=0, help_text="Read and stored up to here.")
    good_rows = models.PositiveIntegerField(default=0)
    bad_rows = models.PositiveIntegerField(default=0)
    ignored_columns = models.JSONField(default=list)
    job = models.ForeignKey(
        "projects.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("import", args=[self.project.slug, self.pk])

    @property
    def path(self) -> Path:
        return Path(settings.DATA_DIR) / self.file

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def is_stuck(self) -> bool:
        """Whether its job ended without bringing the import to an end."""
        if self.has_ended or self.state == ImportState.CHOOSING:
            return False
        return self.job is None or self.job.is_finished


class ImportProblem(models.Model):
    """Why a row was not imported. Row 0 is the file itself."""

    source = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="problems")
    row = models.PositiveIntegerField()
    field = models.CharField(max_length=300, blank=True)
    message = models.TextField()
    remedy = models.TextField(blank=True)
    raw = models.TextField(blank=True, help_text="The row as it came, or its beginning.")

    class Meta:
        ordering = ["source", "row", "pk"]

    def __str__(self) -> str:
        return f"Row {self.row}: {self.message}"
