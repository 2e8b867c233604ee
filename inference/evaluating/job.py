from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from inference.comparing.job import compare_later
from inference.evaluating.evaluate import evaluate_version
from inference.measuring.measure import last_event
from inference.models import ModelKind, ModelVersion, Stage
from inference.registry import in_use, to_beat
from projects.jobs import JobError, JobRun, after, enqueue, handler
from projects.models import Job, JobState, Project
from projects.models.job import JobQuerySet

KIND = "evaluate"
EVERY = timedelta(minutes=5)
BY_ITSELF = (ModelKind.FINE_TUNED, ModelKind.FOLDER)
"""Measured again without being asked to. Asking a remote version again may cost money."""
GIVEN_UP = (JobState.FAILED, JobState.CANCELLED)


def evaluate_later(version: ModelVersion) -> Job:
    """Have a worker measure a fixed version; the job that is under way where there is one."""
    jobs = jobs_of(version.project).filter(params__version=version.pk)
    waiting = jobs.unfinished().first()
    if waiting is not None:
        return waiting
    jobs.filter(finished_at__isnull=False).delete()
    return enqueue(project=version.project, kind=KIND, params={"version": version.pk})


def evaluate_what_is_new(project: Project, versions: Sequence[ModelVersion]) -> None:
    """Measure again where something was answered since; each version every five minutes at most.

    Who was cancelled or failed waits until somebody asks for it.
    """
    if settings.ENGINE == "off" or project.archived_at:
        return
    due = [one for one in versions if one.kind in BY_ITSELF and one.stage != Stage.ARCHIVED]
    if not due:
        return
    jobs = {job.params["version"]: job for job in jobs_of(project).order_by("pk")}
    event = last_event(project)
    for version in due:
        job = jobs.get(version.pk)
        if job is None or _is_old(job, event):
            evaluate_later(version)


def _is_old(job: Job, event: int) -> bool:
    if not job.is_finished or job.state in GIVEN_UP:
        return False
    return job.result.get("event") != event and job.created_at < timezone.now() - EVERY


def jobs_of(project: Project) -> JobQuerySet:
    return project.jobs.filter(kind=KIND)


@handler(KIND)
def evaluate(run: JobRun) -> dict[str, Any]:
    """Measure the job's version."""
    versions = ModelVersion.objects.select_related("project", "question", "dataset_version")
    version = versions.filter(pk=run.job.params["version"], project=run.job.project).first()
    if version is None:
        raise JobError("This version is gone.")
    return evaluate_version(run, version)


@after(KIND)
def compare_with_what_suggests(job: Job) -> None:
    """So that whoever opens the page finds whether it wins."""
    version = ModelVersion.objects.select_related("question").get(pk=job.params["version"])
    present = in_use(version.question)
    if present is not None and present != version:
        compare_later(version, to_beat(present) or present)
