"""Who runs jobs: workers say that they live, and take over what a dead one left behind."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks.exceptions import TaskResultDoesNotExist

from projects.jobs import dispatch, run_job, running
from projects.models import Job, JobState, WorkerBeat

logger = logging.getLogger(__name__)


def pick_up_silent() -> int:
    """Queue again what a dead worker left behind; how many jobs that were."""
    return sum(pick_up(job) for job in Job.objects.silent())


def pick_up(job: Job) -> bool:
    """Take a silent job out of its dead run's hands, unless somebody else just did."""
    if job.state == JobState.QUEUED and is_waiting(job):
        return False
    now = timezone.now()
    as_seen = Job.objects.filter(
        pk=job.pk, state=job.state, run_token=job.run_token, heartbeat_at=job.heartbeat_at
    )
    over = {"finished_at": now, "run_token": None}
    if job.cancel_requested_at:
        return bool(as_seen.update(state=JobState.CANCELLED, **over))
    if job.attempts >= job.max_attempts:
        error = f"The worker stopped {job.attempts} times while it ran this job."
        return bool(as_seen.update(state=JobState.FAILED, error=error, **over))
    with transaction.atomic():
        ours = as_seen.update(state=JobState.QUEUED, run_token=None, heartbeat_at=now)
        if ours:
            dispatch(job)
            logger.warning("job picked up again", extra={"job": job.pk, "kind": job.kind})
    return bool(ours)


def is_waiting(job: Job) -> bool:
    """Whether a dispatch of this job is still to be taken by a worker."""
    try:
        return run_job.get_result(job.task_id).status == TaskResultStatus.READY
    except TaskResultDoesNotExist:
        return False


def beat(worker: WorkerBeat) -> None:
    """Say that this worker lives, and with it the jobs it is running."""
    now = timezone.now()
    WorkerBeat.objects.update_or_create(
        name=worker.name,
        defaults={"beat_at": now},
        create_defaults={"started_at": now, "beat_at": now},
    )
    Job.objects.filter(run_token__in=running.copy()).update(heartbeat_at=now)


def workers_alive() -> bool:
    return WorkerBeat.objects.alive().exists()
