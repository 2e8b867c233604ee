from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse

from projects.models.membership import Membership

if TYPE_CHECKING:
    from projects.models.user import User


class QueueOrder(models.TextChoices):
    RANDOM = "random", "Random"
    IMPORTED = "imported", "As imported"
    UNCERTAIN = "uncertain", "Most uncertain first"
    DIVERSE = "diverse", "Most telling first"


RANKED = (QueueOrder.UNCERTAIN, QueueOrder.DIVERSE)
"""Orders that follow the model: a job ranks the documents that come next."""


def default_text_fields() -> list[str]:
    return ["text"]


class ProjectQuerySet(models.QuerySet["Project"]):
    def for_user(self, user: User) -> ProjectQuerySet:
        return self.filter(memberships__user=user, deleting_at=None)

    def active(self) -> ProjectQuerySet:
        return self.filter(archived_at=None)

    def archived(self) -> ProjectQuerySet:
        return self.exclude(archived_at=None)


class Project(models.Model):
    """Questions that people answer about documents."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    text_fields = models.JSONField(
        default=default_text_fields, help_text="Names of a document's texts, in reading order."
    )
    overlap = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
        help_text="How many people answer each document.",
    )
    reserve = models.FloatField(
        default=0.2,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="Share of documents served at random; half of it without suggestions.",
    )
    reserve_epoch = models.PositiveIntegerField(default=1)
    queue_order = models.CharField(
        max_length=20, choices=QueueOrder.choices, default=QueueOrder.RANDOM
    )
    suggest_from = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="Suggestions less probable than this are not shown. Empty: the model decides.",
    )
    data_license = models.CharField(
        max_length=100, blank=True, help_text="Of the texts, as data cards say it: an SPDX name."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    deleting_at = models.DateTimeField(
        null=True, blank=True, help_text="Hidden everywhere while a job removes it."
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through=Membership, related_name="projects"
    )

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("project", args=[self.slug])

    @property
    def guideline(self) -> GuidelineVersion | None:
        """The guidelines in force; None before the first were written."""
        return self.guideline_versions.order_by("-number").first()


class GuidelineVersion(models.Model):
    """Guidelines as they stood from one moment on. Never changed, only followed by a newer one."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="guideline_versions"
    )
    number = models.PositiveIntegerField()
    text = models.TextField(blank=True, help_text="Markdown.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="guideline_number_unique")
        ]

    def __str__(self) -> str:
        return f"Guidelines {self.number}"
