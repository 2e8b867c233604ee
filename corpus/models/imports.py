from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse

from corpus.formats import FORMATS
from projects.models import JobState


class ImportState(models.TextChoices):
    READY = "ready", "Waiting for you"
    STAGING = "staging", "Reading"
    PUBLISHING = "publishing", "Filling the queue"
    DONE = "done", "Imported"
    REFUSED = "refused", "Nothing imported"
    CANCELLED = "cancelled", "Cancelled"


ENDED = frozenset({ImportState.DONE, ImportState.REFUSED, ImportState.CANCELLED})


class BadRows(models.TextChoices):
    KEEP_GOOD = "keep_good", "Import the good rows and list the bad ones"
    ALL_OR_NOTHING = "all_or_nothing", "Import nothing if a single row is bad"


class ImportQuerySet(models.QuerySet["Import"]):
    def done(self) -> ImportQuerySet:
        return self.filter(state=ImportState.DONE)


def upload_path(instance: Import, _file_name: str) -> str:
    return f"imports/{instance.batch}"


class Import(models.Model):
    """A file on its way into a project. Its documents are staged until it has been read whole."""

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="imports"
    )
    batch = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    file_name = models.CharField(max_length=255)
    file = models.FileField(
        upload_to=upload_path, blank=True, help_text="Kept until the import has ended."
    )
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    format = models.CharField(max_length=20, help_text="A name of `corpus.formats.FORMATS`.")
    mapping = models.JSONField(default=list, blank=True, help_text="Pairs of target and column.")
    options = models.JSONField(
        default=dict, blank=True, help_text="How the format is to be read, such as the tag scheme."
    )
    create_labels = models.BooleanField(default=False)
    on_bad_rows = models.CharField(
        max_length=20, choices=BadRows.choices, default=BadRows.KEEP_GOOD
    )
    state = models.CharField(max_length=12, choices=ImportState.choices, default=ImportState.READY)
    rows_read = models.PositiveBigIntegerField(default=0)
    rows_bad = models.PositiveBigIntegerField(default=0)
    documents = models.PositiveBigIntegerField(default=0, help_text="Staged, later published.")
    answers = models.PositiveBigIntegerField(default=0, help_text="Documents that bring answers.")
    labels_created = models.PositiveIntegerField(default=0)
    job = models.ForeignKey(
        "projects.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["project", "-created_at"], name="import_project"),
            models.Index(fields=["project", "sha256"], name="import_sha256"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name}: {self.get_state_display().lower()}"

    def get_absolute_url(self) -> str:
        return reverse("import", args=[self.project.slug, self.pk])

    @property
    def options_read(self) -> dict[str, str]:
        """Every option of the format with the value that the file is read by."""
        known = FORMATS[self.format].reading
        return {each.name: self.options.get(each.name, each.default) for each in known}

    @property
    def format_title(self) -> str:
        return FORMATS[self.format].title

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def is_stranded(self) -> bool:
        """Whether its job ended while it had not: it can be run again or thrown away."""
        return (
            not self.has_ended
            and self.job is not None
            and self.job.state in {JobState.FAILED, JobState.CANCELLED}
        )


class ImportProblemQuerySet(models.QuerySet["ImportProblem"]):
    def refused(self) -> ImportProblemQuerySet:
        return self.filter(kept=False)

    def warnings(self) -> ImportProblemQuerySet:
        return self.filter(kept=True)


class ImportProblem(models.Model):
    """One thing wrong with one row. Row 0 is the file as a whole."""

    source = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="problems")
    row = models.PositiveBigIntegerField()
    field = models.TextField(blank=True)
    message = models.TextField()
    remedy = models.TextField(blank=True)
    raw = models.TextField(blank=True, help_text="The row as it came, shortened.")
    kept = models.BooleanField(
        default=False, help_text="A warning only: the row came in, as the message says."
    )

    objects = ImportProblemQuerySet.as_manager()

    class Meta:
        ordering = ["source", "row", "pk"]
        indexes = [models.Index(fields=["source", "row"], name="import_problem_row")]

    def __str__(self) -> str:
        return f"Row {self.row}: {self.message}"
