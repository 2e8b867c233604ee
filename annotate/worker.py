"""The process that runs jobs: a django-tasks worker that says it lives and stops politely."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
import threading
from datetime import timedelta
from types import FrameType

from django.db import close_old_connections, connection
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks.base import DEFAULT_TASK_BACKEND_ALIAS, DEFAULT_TASK_QUEUE_NAME
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from projects import jobs, loose_files, workers
from projects.models import Job, WorkerBeat
from projects.models.worker import BEAT_SECONDS

logger = logging.getLogger(__name__)

KEEP_DISPATCHES = timedelta(days=1)


class JobWorker(Worker):
    def __init__(self, *, batch: bool = False) -> None:
        super().__init__(
            queue_names=[DEFAULT_TASK_QUEUE_NAME],
            interval=0.5,
            batch=batch,
            backend_name=DEFAULT_TASK_BACKEND_ALIAS,
            startup_delay=False,
            max_tasks=None,
            worker_id=secrets.token_hex(8),
            excluded_queue_names=[],
        )

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        """Finish or put back the job in hand; a second signal does not wait for that."""
        if not self.running:
            sys.exit(1)
        logger.info("worker stopping", extra={"signal": signal.Signals(signum).name})
        self.running = False
        jobs.stopping.set()


class Heart:
    """Beats beside the worker, in a thread of its own, and looks after the silent ones."""

    def __init__(self) -> None:
        self.worker = WorkerBeat(
            name=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        )
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, name="heart", daemon=True)

    def run(self) -> None:
        while not self.stopped.wait(timeout=BEAT_SECONDS):
            try:
                self.beat()
            except Exception:
                # The database may be back at the next beat; until then nobody should trust us.
                logger.exception("beat failed")
        connection.close()

    def beat(self) -> None:
        close_old_connections()
        workers.beat(self.worker)
        workers.pick_up_silent()
        loose_files.sweep()

    def __enter__(self) -> None:
        self.beat()
        self.thread.start()

    def __exit__(self, *unused: object) -> None:
        self.stopped.set()
        self.thread.join(timeout=BEAT_SECONDS)
        WorkerBeat.objects.filter(name=self.worker.name).delete()


def run_worker(*, batch: bool = False) -> None:
    """Run jobs until SIGTERM or, in a batch, until none is waiting."""
    be_nice()
    worker = JobWorker(batch=batch)
    worker.configure_signals()
    forget_old_dispatches()
    with Heart():
        logger.info("worker ready", extra={"worker": worker.worker_id})
        worker.run()


def be_nice() -> None:
    """People's requests go first: low priority, and one core left to them."""
    os.nice(10)
    # Read by torch when it is imported, which happens inside the first job that needs it.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) - 1)))


def forget_old_dispatches() -> None:
    """Drop dispatches and beats that nobody will ask about again."""
    limit = timezone.now() - KEEP_DISPATCHES
    in_use = Job.objects.unfinished().exclude(task_id="").values_list("task_id", flat=True)
    DBTaskResult.objects.filter(enqueued_at__lt=limit).exclude(
        status=TaskResultStatus.READY
    ).exclude(id__in=list(in_use)).delete()
    WorkerBeat.objects.filter(beat_at__lt=limit).delete()
