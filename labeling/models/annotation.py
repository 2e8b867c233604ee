from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from projects.models import Project, User


class AnnotationState(models.TextChoices):
    SUBMITTED = "submitted", "Submitted"
    SKIPPED = "skipped", "Skipped"
    UNDONE = "undone", "Undone"
    WITHDRAWN = "withdrawn", "Withdrawn by an owner"


FINISHED = (AnnotationState.SUBMITTED, AnnotationState.SKIPPED)
OVER = (*FINISHED, AnnotationState.WITHDRAWN)
"""The document is not given to this person again."""


class Origin(models.TextChoices):
    MANUAL = "manual", "Without a suggestion"
    ACCEPTED = "accepted", "As suggested"
    CHANGED = "changed", "Other than suggested"
    IMPORTED = "imported", "Imported"
    MODEL = "model", "By a model"


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def submitted(self) -> AnnotationQuerySet:
        return self.filter(state=AnnotationState.SUBMITTED)

    def finished(self) -> AnnotationQuerySet:
        return self.filter(state__in=FINISHED)

    def counted(self) -> AnnotationQuerySet:
        """Answers that the resolved answer is made of: submitted, and not surplus."""
        return self.submitted().filter(surplus=False)

    def by(self, annotator: User) -> AnnotationQuerySet:
        return self.filter(annotator=annotator)

    def in_project(self, project: Project) -> AnnotationQuerySet:
        return self.filter(project=project)

    def latest_first(self) -> AnnotationQuerySet:
        return self.order_by("-finished_at", "-pk")


class Annotation(models.Model):
    """One person's answers about one document, as they stand now. The events tell how they came."""

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="annotations"
    )
    document = models.ForeignKey(
        "projects.Document", on_delete=models.CASCADE, related_name="annotations"
    )
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="annotations",
        help_text="Empty for imported answers.",
    )
    state = models.CharField(
        max_length=10, choices=AnnotationState.choices, default=AnnotationState.UNDONE
    )
    answered_questions = models.JSONField(
        default=list, help_text="Ids of the questions it speaks about, also those left empty."
    )
    surplus = models.BooleanField(
        default=False, help_text="Beyond the number wanted; kept outside the resolved answer."
    )
    last_event = models.ForeignKey(
        "labeling.Event", null=True, on_delete=models.PROTECT, related_name="+"
    )
    active_ms = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        ordering = ["project", "document", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "annotator"],
                condition=Q(annotator__isnull=False),
                name="annotation_one_per_person",
            ),
            models.UniqueConstraint(
                fields=["document"],
                condition=Q(annotator__isnull=True),
                name="annotation_one_imported",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "state", "surplus"], name="annotation_state"),
            models.Index(
                fields=["project", "annotator", "-finished_at"], name="annotation_history"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} by {self.annotator or 'import'}"


class Answer(models.Model):
    """One answered item: a chosen label, a span, a relation, a text or a rating."""

    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(
        "projects.Question", on_delete=models.PROTECT, related_name="answers"
    )
    label = models.ForeignKey(
        "projects.Label", null=True, blank=True, on_delete=models.PROTECT, related_name="answers"
    )
    field = models.CharField(max_length=60, blank=True)
    start = models.PositiveIntegerField(null=True, blank=True, help_text="In code points.")
    end = models.PositiveIntegerField(null=True, blank=True, help_text="Exclusive.")
    quote = models.TextField(blank=True)
    source = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    target = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    text = models.TextField(blank=True)
    rating = models.SmallIntegerField(null=True, blank=True)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    suggested = models.JSONField(
        null=True, blank=True, help_text="The suggestion as it was served for this item."
    )
    model_version = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["annotation", "question", "start", "pk"]
        indexes = [models.Index(fields=["question", "label"], name="answer_label")]

    def __str__(self) -> str:
        return str(self.label or self.text or self.rating)
