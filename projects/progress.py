"""How far projects are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from projects.models import DocumentState, Membership, Project, User

SHOWN_EVENTS = 8


@dataclass(frozen=True, slots=True)
class ProjectProgress:
    """Documents of a project by state."""

    done: int
    open: int
    with_owner: int
    by_model: int = 0

    @property
    def total(self) -> int:
        return self.labelled + self.open + self.with_owner

    @property
    def labelled(self) -> int:
        """By people or by a model."""
        return self.done + self.by_model

    @property
    def percent(self) -> int:
        return round(100 * self.labelled / self.total) if self.total else 0


def progress_of(project: Project) -> ProjectProgress:
    counts = dict(
        project.documents.published().order_by().values_list("state").annotate(n=Count("pk"))
    )
    return ProjectProgress(
        done=counts.get(DocumentState.DONE, 0),
        open=counts.get(DocumentState.OPEN, 0),
        with_owner=counts.get(DocumentState.OWNER, 0),
        by_model=counts.get(DocumentState.MODEL, 0),
    )


def my_projects(user: User) -> list[tuple[Membership, ProjectProgress]]:
    """This person's projects with their progress, archived ones too. One query."""
    state = "project__documents__state"
    memberships = (
        Membership.objects.filter(user=user, project__deleting_at=None)
        .select_related("project")
        .annotate(
            done=Count("pk", filter=Q(**{state: DocumentState.DONE})),
            open=Count("pk", filter=Q(**{state: DocumentState.OPEN})),
            with_owner=Count("pk", filter=Q(**{state: DocumentState.OWNER})),
            by_model=Count("pk", filter=Q(**{state: DocumentState.MODEL})),
        )
        .order_by("project__name", "pk")
    )
    return [
        (row, ProjectProgress(row.done, row.open, row.with_owner, row.by_model))
        for row in memberships
    ]


def answers_by(project: Project, user: User) -> int:
    return project.annotations.filter(annotator=user, state="submitted").count()


def with_answers(project: Project) -> QuerySet[Membership, Membership]:
    """The members of a project by name, each with `answers`: how many they have submitted here."""
    theirs = Q(user__annotations__project=project, user__annotations__state="submitted")
    return (
        project.memberships.select_related("user")
        .annotate(answers=Count("user__annotations", filter=theirs))
        .order_by("user__username")
    )


def latest_events(project: Project) -> QuerySet[Any, Any]:
    """What happened last to the project's documents, newest first, a screenful."""
    return project.events.select_related("actor", "document").order_by("-pk")[:SHOWN_EVENTS]


def answers_of_others(project: Project) -> int:
    """Submitted answers that were imported, or came from people who are members no more."""
    members = project.memberships.values("user")
    submitted = project.annotations.filter(state="submitted")
    return submitted.exclude(annotator__in=members).count()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of setting a project up: the URL name of its page, and what to do there."""

    page: str
    words: str
    done: bool


def steps_of(project: Project, progress: ProjectProgress) -> list[Step]:
    """The way from a new project to people who label, in order; empty once it is behind them."""
    questions = project.questions.count()
    bare = project.questions.filter(labels=None).exists()
    steps = [
        Step("labels", "Ask a question", done=questions > 0),
        Step("labels", "Give each question its labels", done=questions > 0 and not bare),
        Step(
            "guidelines",
            "Write guidelines, so that people label alike",
            project.guideline is not None,
        ),
        Step("people", "Invite people", done=project.memberships.count() > 1),
        Step("imports", "Import documents", done=progress.total > 0),
    ]
    return [] if all(step.done for step in steps) else steps
