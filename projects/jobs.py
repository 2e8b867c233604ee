"""Background jobs: one table says what is to be done, how far it is and how to resume it.

django-tasks carries a job's id to a worker and nothing else. A run owns its job through a token:
every write of the run asks for that token, so a run that was given up for dead cannot write
over the one that took its place.
"""

from __future__ import annotations

import errno
import logging
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django_tasks import task

from projects.models import Job, JobState, Project, User

logger = logging.getLogger(__name__)

FULL = {errno.ENOSPC, errno.EDQUOT}
FULL_DISK = "The disk of the server is full, so this was not stored. Make room, and start it again."
PROGRESS_SECONDS = 0.5
MESSAGE_LENGTH = Job._meta.get_field("message").max_length

# Set when this process is asked to stop: runs put their job back at the next safe moment.
stopping = threading.Event()
# The tokens of the runs in this process, for the beat that says they live.
running: set[uuid.UUID] = set()


class JobError(Exception):
    """Fails a job with a message meant for the person who started it."""


class JobCancelled(Exception):
    """Somebody asked for this job to stop."""


class JobReleased(Exception):
    """This worker is stopping; another one resumes the job from its checkpoint."""


class JobLost(Exception):
    """Another run has taken this job over; the present one must not write any more."""


Handler = Callable[["JobRun"], dict[str, Any] | None]
Tell = Callable[[int, int | None, str], None]
"""Called with what is done, the total if known, and a message."""
handlers: dict[str, Handler] = {}
Follower = Callable[[Job], None]
followers: dict[str, list[Follower]] = {}


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Register what a kind of job does.

    The function works in chunks. It writes each chunk and `run.save_checkpoint(...)` in one
    transaction and starts again from `run.checkpoint`: it can be killed at any moment. What it
    returns becomes the job's result.
    """

    def register(function: Handler) -> Handler:
        if handlers.setdefault(kind, function) is not function:
            raise ValueError(f"Two handlers for jobs of kind {kind!r}.")
        return function

    return register


def after(kind: str) -> Callable[[Follower], Follower]:
    """Call this with each job of that kind that is done, in the transaction that says so.

    So a room can go on with what a job to its left brought; it should only enqueue.
    """

    def register(function: Follower) -> Follower:
        followers.setdefault(kind, []).append(function)
        return function

    return register


class JobRun:
    """One attempt at a job, as its handler sees it."""

    def __init__(self, job: Job, tell: Tell | None = None) -> None:
        self.job = job
        self.tell = tell
        self.checkpoint: dict[str, Any] = dict(job.checkpoint)
        self._progress: dict[str, Any] = {}
        self._written = float("-inf")

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        """Say how far the job is. Cheap: it is written twice a second and at the end."""
        self._progress = {"progress_done": done, "message": message[:MESSAGE_LENGTH]}
        if self.tell:
            self.tell(done, total, message)
        if total is not None:
            self._progress["progress_total"] = total
        if time.monotonic() - self._written >= PROGRESS_SECONDS:
            self._written = time.monotonic()
            self._write(**self._progress)

    def save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Remember where to resume. Raises JobLost, which rolls the caller's chunk back."""
        self._write(checkpoint=checkpoint)
        self.checkpoint = dict(checkpoint)

    def raise_if_cancelled(self) -> None:
        """Call between chunks. Raises JobCancelled or, when the worker stops, JobReleased."""
        unwanted = Q(cancel_requested_at__isnull=False) | Q(project__deleting_at__isnull=False)
        if Job.objects.filter(unwanted, pk=self.job.pk).exists():
            raise JobCancelled
        if stopping.is_set():
            raise JobReleased

    def give_way(self) -> None:
        """Let waiting jobs of other kinds go first: for long work that nobody waits for.

        Call it after a checkpoint, from which it goes on later. Raises JobReleased.
        """
        others = Job.objects.filter(state=JobState.QUEUED).exclude(kind=self.job.kind)
        if self.tell is None and others.exists():
            raise JobReleased

    def finish(self, state: JobState, **outcome: Any) -> None:
        self._write(
            state=state, finished_at=timezone.now(), run_token=None, **self._progress, **outcome
        )

    def release(self) -> None:
        """Put the job back as if this attempt had not been."""
        with transaction.atomic():
            self._write(
                state=JobState.QUEUED, run_token=None, attempts=F("attempts") - 1, **self._progress
            )
            dispatch(self.job)

    def _write(self, **changes: Any) -> None:
        mine = Job.objects.filter(
            pk=self.job.pk, state=JobState.RUNNING, run_token=self.job.run_token
        )
        if not mine.update(heartbeat_at=timezone.now(), **changes):
            raise JobLost


def enqueue(
    *, project: Project | None, kind: str, params: dict[str, Any], created_by: User | None = None
) -> Job:
    """Have a worker do it. The job exists, and is dispatched, once the transaction commits."""
    with transaction.atomic():
        job = add(project=project, kind=kind, params=params, created_by=created_by)
        dispatch(job)
    job.refresh_from_db()
    return job


def add(
    *, project: Project | None, kind: str, params: dict[str, Any], created_by: User | None = None
) -> Job:
    """A queued job that no worker has been told of yet: dispatch it, or run it here."""
    if kind not in handlers:
        raise ValueError(f"No handler for jobs of kind {kind!r}.")
    return Job.objects.create(
        project=project,
        kind=kind,
        params=params,
        created_by=created_by,
        heartbeat_at=timezone.now(),
    )


def run_here(job: Job, tell: Tell) -> None:
    """Run a job in this process, as commands do. Should we die, a worker takes it over."""
    claim_and_run(job.pk, tell)
    job.refresh_from_db()


def dispatch(job: Job) -> None:
    """Hand a queued job to the workers; call it in the transaction that queued it."""
    result = run_job.enqueue(job.pk)
    Job.objects.filter(pk=job.pk).update(task_id=result.id)


@task()
def run_job(job_id: int) -> None:
    claim_and_run(job_id)


def claim_and_run(job_id: int, tell: Tell | None = None) -> None:
    """Claim the job and run it. The loser of a claim returns quietly."""
    token = uuid.uuid4()
    job = claim(job_id, token)
    if job is None:
        logger.info("job not claimed", extra={"job": job_id})
        return
    run = JobRun(job, tell)
    running.add(token)
    try:
        attempt(run)
    except JobReleased:
        run.release()
        logger.info("job released", extra={"job": job.pk})
    except JobLost:
        logger.warning("job lost to another run", extra={"job": job.pk})
    finally:
        running.discard(token)


def claim(job_id: int, token: uuid.UUID) -> Job | None:
    """Make a queued job this run's; None if it is not queued any more."""
    claimed = Job.objects.filter(pk=job_id, state=JobState.QUEUED).update(
        state=JobState.RUNNING,
        run_token=token,
        attempts=F("attempts") + 1,
        started_at=Coalesce("started_at", timezone.now()),
        heartbeat_at=timezone.now(),
    )
    return Job.objects.select_related("project", "created_by").get(pk=job_id) if claimed else None


def attempt(run: JobRun) -> None:
    """Call the handler and write down how it ended."""
    about = {"job": run.job.pk, "kind": run.job.kind, "attempt": run.job.attempts}
    logger.info("job started", extra=about)
    try:
        run.raise_if_cancelled()
        result = handlers[run.job.kind](run)
        with transaction.atomic():
            run.finish(JobState.DONE, result=result or {})
            for follow in followers.get(run.job.kind, []):
                follow(run.job)
    except JobCancelled:
        run.finish(JobState.CANCELLED)
    except (JobReleased, JobLost):
        raise
    except JobError as error:
        logger.info("job failed", extra={**about, "reason": str(error)})
        run.finish(JobState.FAILED, error=str(error))
    except OperationalError:
        # The database had trouble: the job stays as it is, falls silent and is picked up again.
        logger.exception("job interrupted", extra=about)
    except Exception as error:
        logger.exception("job broke", extra=about)
        run.finish(JobState.FAILED, error=_in_words(error))
    else:
        logger.info("job done", extra=about)


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in FULL:
        return FULL_DISK
    return f"Unexpected problem ({type(error).__name__}): {error}"


def cancel(job: Job) -> None:
    """Ask a job to stop. One that nobody runs is cancelled at once."""
    now = timezone.now()
    stopped = {"state": JobState.CANCELLED, "finished_at": now, "run_token": None}
    unfinished = Job.objects.unfinished().filter(pk=job.pk)
    unfinished.update(cancel_requested_at=Coalesce("cancel_requested_at", now))
    if not unfinished.filter(state=JobState.QUEUED).update(**stopped):
        unfinished.silent().update(**stopped)


def retry(job: Job) -> bool:
    """Run a failed or cancelled job again from its checkpoint; False if it is neither."""
    with transaction.atomic():
        again = Job.objects.filter(
            pk=job.pk, state__in=[JobState.FAILED, JobState.CANCELLED]
        ).update(
            state=JobState.QUEUED,
            attempts=0,
            error="",
            cancel_requested_at=None,
            finished_at=None,
            heartbeat_at=timezone.now(),
        )
        if again:
            dispatch(job)
    return bool(again)
