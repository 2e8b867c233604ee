"""Deleting a project for good: hidden at once, then taken out in chunks by a job."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction
from django.db.models import FileField, Model, QuerySet
from django.utils import timezone

from projects import jobs
from projects.models import (
    Document,
    GuidelineVersion,
    Invite,
    Job,
    Label,
    Membership,
    Project,
    Question,
    User,
)

logger = logging.getLogger(__name__)

JOB = "delete_project"
CHUNK = 500
PASSES = 5
WAIT_SECONDS = 0.5
TOLD = timedelta(days=1)
"""How long the person who deleted a project is told that it is gone."""

Rows = QuerySet[Any, Any]
Remover = Callable[[Project], Iterable[Rows]]
removers: list[Remover] = []
Follower = Callable[[Project], None]
followers: list[Follower] = []
Tell = Callable[[int], None]
"""Called after each chunk with the rows removed so far; may raise to stop."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """What goes with a project."""

    documents: int
    answers: int
    people: int
    """Those who answered, members or not."""
    members: int
    datasets: int
    models: int
    exports: int


def deleting(remover: Remover) -> Remover:
    """Say what a room keeps about a project, what points at other rows first.

    Rooms register from left to right as they are loaded; they are emptied from right to left.
    Files go with their rows. Each queryset is read in chunks until it is empty, so a remover may
    also do what leaves no rows behind, and may do it again.
    """
    removers.append(remover)
    return remover


def when_deleting(follower: Follower) -> Follower:
    """Call this with each project that is to go, in the transaction that hides it."""
    followers.append(follower)
    return follower


@deleting
def rows_of_projects(project: Project) -> Iterator[Rows]:
    yield Document.objects.filter(project=project)
    yield Label.objects.filter(question__project=project)
    yield Question.objects.filter(project=project)
    yield GuidelineVersion.objects.filter(project=project)
    yield Invite.objects.filter(project=project)
    yield Membership.objects.filter(project=project)
    yield Job.objects.filter(project=project)


def consequences_of(project: Project) -> Consequences:
    answers = project.annotations.filter(state="submitted")
    return Consequences(
        documents=project.documents.count(),
        answers=answers.count(),
        people=answers.exclude(annotator=None).values("annotator").distinct().count(),
        members=project.memberships.count(),
        datasets=project.dataset_versions.count(),
        models=project.model_versions.count(),
        exports=project.exports.count(),
    )


def begin_deleting(*, project: Project, owner: User) -> Job | None:
    """Hide the project everywhere, free its address and have a worker remove it.

    None when somebody else was quicker.
    """
    counts = asdict(consequences_of(project))
    with transaction.atomic():
        mine = Project.objects.filter(pk=project.pk, deleting_at=None)
        # A slug of a page holds no dot, so nobody can have this one.
        if not mine.update(deleting_at=timezone.now(), slug=f"deleted.{project.pk}"):
            return None
        for job in project.jobs.unfinished():
            jobs.cancel(job)
        for follower in followers:
            follower(project)
        params = {"project": project.pk, "name": project.name, "held": counts}
        # Of no project: it would be removed with it, and could tell nobody.
        return jobs.enqueue(project=None, kind=JOB, params=params, created_by=owner)


def deletions_of(user: User) -> QuerySet[Job, Job]:
    """The deletions this person began that are under way, have failed, or ended a day ago."""
    begun = Job.objects.filter(kind=JOB, created_by=user)
    return begun.exclude(state="done", finished_at__lt=timezone.now() - TOLD)


@jobs.handler(JOB)
def delete_project(run: jobs.JobRun) -> dict[str, Any]:
    """Starts again from what is left, so it needs no checkpoint."""
    project = Project.objects.filter(pk=run.job.params["project"]).first()
    if project is None:
        return {}
    if project.deleting_at is None:
        raise jobs.JobError("This project is not being deleted.")
    wait_for_jobs(run, project)

    def tell(rows: int) -> None:
        run.raise_if_cancelled()
        run.progress(rows, message="Removing")

    return {"Rows": remove(project, tell)}


def wait_for_jobs(run: jobs.JobRun, project: Project) -> None:
    """Nothing is removed under the hands of a job: each stops at its next chunk."""
    while waiting := list(project.jobs.unfinished()):
        run.raise_if_cancelled()
        run.progress(0, message="Waiting for other work on it to stop")
        for job in waiting:
            jobs.cancel(job)
        time.sleep(WAIT_SECONDS)


def remove(project: Project, tell: Tell) -> int:
    """Remove a project and all that belongs to it; returns how many rows."""
    removed = 0
    for _ in range(PASSES):
        try:
            for remover in reversed(removers):
                for rows in remover(project):
                    for count in _removed(rows):
                        removed += count
                        tell(removed)
            with transaction.atomic():
                _remove_rows(Project, [project.pk])
        except IntegrityError:
            # What was on its way came in meanwhile: an answer, something a model said.
            logger.info("rows came in while their project went", extra={"project": project.pk})
            continue
        return removed
    raise jobs.JobError("Something still points at what is to go. Run this again.")


def _removed(rows: Rows) -> Iterator[int]:
    """The sizes of the chunks, each gone from the disk first and then from the database.

    Who is killed in between finds the rows again, and with them the names of the files. The
    newest first: later rows may point at earlier ones of the same table.
    """
    model = rows.model
    files = [field for field in model._meta.fields if isinstance(field, FileField)]
    while chunk := list(rows.order_by("-pk")[:CHUNK].values_list("pk", flat=True)):
        plain: Rows = QuerySet(model)
        for field in files:
            for name in plain.filter(pk__in=chunk).values_list(field.name, flat=True):
                if name:
                    field.storage.delete(name)
        with transaction.atomic():
            _remove_rows(model, chunk)
        yield len(chunk)


def _remove_rows(model: type[Model], pks: list[Any]) -> None:
    """The one place that goes below the guards of what is append-only or frozen: those hold for
    people, as long as there is a project. Nothing cascades, so that a table that a room forgot
    makes the job fail instead of leaving files behind.
    """
    plain: Rows = QuerySet(model)
    plain.filter(pk__in=pks)._raw_delete(plain.db)  # noqa: SLF001
    # The admin's log names what it was about, documents by their first words.
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model))
    of_rows = entries.filter(object_id__in=[str(pk) for pk in pks])
    of_rows.update(object_repr="Gone with its project", change_message="")
