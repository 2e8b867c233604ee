from __future__ import annotations

from django.db import models


class QuestionKind(models.TextChoices):
    CHOICE = "choice", "Choice"
    SPAN = "span", "Span"
    RELATION = "relation", "Relation"
    TEXT = "text", "Text"
    RATING = "rating", "Rating"


USABLE = (QuestionKind.CHOICE, QuestionKind.SPAN)
"""What people can answer today."""


class QuestionQuerySet(models.QuerySet["Question"]):
    def usable(self) -> QuestionQuerySet:
        return self.filter(kind__in=USABLE)


class Question(models.Model):
    """One thing asked about every document of a project."""

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="questions"
    )
    name = models.SlugField(max_length=60, help_text="Column name in exports.")
    title = models.CharField(max_length=200, blank=True, help_text="What annotators read.")
    kind = models.CharField(max_length=20, choices=QuestionKind.choices)
    multiple = models.BooleanField(default=False, help_text="Several labels may be chosen.")
    required = models.BooleanField(default=True)
    overlapping = models.BooleanField(default=False, help_text="Spans may overlap.")
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ["project", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="question_name_unique")
        ]

    def __str__(self) -> str:
        return self.shown_title

    @property
    def takes_several(self) -> bool:
        """Whether an answer is a set of items, each of which stands by itself."""
        return self.multiple or self.kind == QuestionKind.SPAN

    @property
    def shown_title(self) -> str:
        return self.title or self.name.replace("-", " ").replace("_", " ").capitalize()


class Label(models.Model):
    """One possible answer. Answers point at the row, so that a rename touches nothing else."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="labels")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, help_text="When to use it; the model reads it too.")
    color = models.CharField(
        max_length=40, blank=True, help_text="A hue from 0 to 359; empty: the next of the even set."
    )
    hotkey = models.CharField(max_length=1, blank=True)
    position = models.PositiveIntegerField(default=0)
    hide_suggestions = models.BooleanField(
        default=False, help_text="The model still learns it, but suggests it to nobody."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["question", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["question", "name"], name="label_name_unique")
        ]

    def __str__(self) -> str:
        return self.name
