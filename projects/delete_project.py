"""Deleting a project for good: hidden at once, then taken out in chunks by a job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
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

JOB = "delete_project"
CHUNK = 500
PASSES = 5


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that go with a project; `file` names their field of a file, which goes as well."""

    rows: QuerySet[Any, Any]
    file: str = ""


Remover = Callable[[Project], Iterable[Rows]]
removers: list[Remover] = []
Tell = Callable[[int], None]
"""Called after each chunk with the rows removed so far; may raise to stop."""


def deleting(remover: Remover) -> Remover:
    """Say what a room keeps about a project, what points at other rows first.

    Rooms register from left to right as they are loaded; they are emptied from right to left.
    """
    removers.append(remover)
    return remover


@deleting
def rows_of_projects(project: Project) -> Iterator[Rows]:
    yield Rows(Document.objects.filter(project=project))
    yield Rows(Label.objects.filter(question__project=project))
    yield Rows(Question.objects.filter(project=project))
    yield Rows(GuidelineVersion.objects.filter(project=project))
    yield Rows(Invite.objects.filter(project=project))
    yield Rows(Membership.objects.filter(project=project))
    yield Rows(Job.objects.filter(project=project))


def begin_deleting(*, project: Project, owner: User) -> Job | None:
    """Hide the project everywhere, free its address and have a worker remove it.

    None when somebody else was quicker.
    """
    with transaction.atomic():
        mine = Project.objects.filter(pk=project.pk, deleting_at=None)
        # A slug of a page holds no dot, so nobody can have this one.
        if not mine.update(deleting_at=timezone.now(), slug=f"deleted.{project.pk}"):
            return None
        for job in project.jobs.unfinished():
            jobs.cancel(job)
        params = {"project": project.pk, "name": project.name}
        # Of no project: it would be removed with it.
        return jobs.enqueue(project=None, kind=JOB, params=params, created_by=owner)


@jobs.handler(JOB)
def delete_project(run: jobs.JobRun) -> dict[str, Any]:
    """Starts again from what is left, so it needs no checkpoint."""
    project = Project.objects.filter(pk=run.job.params["project"]).first()
    if project is None:
        return {}
    if project.deleting_at is None:
        raise jobs.JobError("This project is not being deleted.")

    def tell(rows: int) -> None:
        run.raise_if_cancelled()
        run.progress(rows, message="Removing")

    return {"Rows": remove(project, tell)}


def remove(project: Project, tell: Tell) -> int:
    """Remove a project and all that belongs to it; returns how many rows."""
    removed = 0
    for _ in range(PASSES):
        for remover in reversed(removers):
            for rows in remover(project):
                for count in _removed(rows):
                    removed += count
                    tell(removed)
        try:
            with transaction.atomic():
                _raw_delete(Project, [project.pk])
        except IntegrityError:
            continue  # An answer that was on its way came in meanwhile.
        return removed
    raise jobs.JobError("Rows keep coming in. Run this again.")


def _removed(rows: Rows) -> Iterator[int]:
    """The sizes of the chunks, each gone from the database first and then from the disk.

    The newest first: later rows may point at earlier ones of the same table.
    """
    model = rows.rows.model
    while chunk := list(rows.rows.order_by("-pk")[:CHUNK].values_list("pk", flat=True)):
        plain: QuerySet[Any] = QuerySet(model)
        names = plain.filter(pk__in=chunk).values_list(rows.file, flat=True) if rows.file else ()
        files = [name for name in names if name]
        with transaction.atomic():
            _raw_delete(model, chunk)
        for name in files:
            model._meta.get_field(rows.file).storage.delete(name)
        yield len(chunk)


def _raw_delete(model: type[Model], pks: list[Any]) -> None:
    """Below the guards of append-only tables: those hold for people, as long as there is a project.

    Nothing cascades; the order of the removers says what goes when.
    """
    plain: QuerySet[Any] = QuerySet(model)
    plain.filter(pk__in=pks)._raw_delete(plain.db)  # type: ignore[attr-defined]  # noqa: SLF001
