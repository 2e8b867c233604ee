"""Real worker processes, killed and stopped in the middle of a job."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from projects import jobs
from projects.models import Job, JobState, WorkerBeat
from projects.workers import workers_alive
from tests.annotate.waiting import PATIENCE, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[2]


def test_database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(str(database['NAME']))}"
    user, host, port = database["USER"], database["HOST"], database["PORT"]
    return f"postgres://{user}:{quote(database['PASSWORD'])}@{host}:{port}/{database['NAME']}"


test_database_url.__test__ = False


@pytest.fixture
def start_worker(tmp_path):
    started = []

    def start() -> subprocess.Popen:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.annotate.counting_worker"],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "DATA_DIR": str(tmp_path),
                "DATABASE_URL": test_database_url(),
                "SECRET_KEY": settings.SECRET_KEY,
                "ENGINE": "off",
            },
        )
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.wait()


@pytest.fixture
def counting(settings, monkeypatch, tmp_path):
    """A queued job that counts to 60 and takes three seconds for it."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    monkeypatch.setitem(jobs.handlers, "count", lambda run: None)
    params = {"rows": 60, "file": str(tmp_path / "counted")}
    return jobs.enqueue(project=None, kind="count", params=params)


def rows_counted(job: Job) -> list[int]:
    file = Path(job.params["file"])
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def state_of(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def test_a_job_of_a_killed_worker_is_resumed_where_it_was(start_worker, counting):
    first = start_worker()
    until(lambda: len(rows_counted(counting)) >= 5)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    done_by_first = len(rows_counted(counting))
    assert state_of(counting) == JobState.RUNNING

    # As if the silence had lasted: nobody waits a minute in a test.
    Job.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=2))
    start_worker()
    until(lambda: state_of(counting) == JobState.DONE)

    # Only the row in hand may appear twice: its checkpoint had not been committed.
    rows = rows_counted(counting)
    assert sorted(set(rows)) == list(range(60))
    assert rows[done_by_first] in {done_by_first - 1, done_by_first}
    assert len(rows) <= 61
    assert counting.attempts == 2


def test_a_stopped_worker_puts_its_job_back_and_says_goodbye(start_worker, counting):
    worker = start_worker()
    until(lambda: len(rows_counted(counting)) >= 5)
    assert workers_alive()

    worker.terminate()

    assert worker.wait(timeout=PATIENCE) == 0
    assert state_of(counting) == JobState.QUEUED
    assert counting.attempts == 0
    assert counting.checkpoint["row"] == len(rows_counted(counting)) < 60
    assert not WorkerBeat.objects.exists()


def test_a_running_job_is_stopped_from_outside(start_worker, counting):
    start_worker()
    until(lambda: len(rows_counted(counting)) >= 5)

    jobs.cancel(counting)
    until(lambda: state_of(counting) == JobState.CANCELLED)

    assert len(rows_counted(counting)) < 60
    assert counting.progress_done > 0


def test_two_workers_share_the_work_without_doing_any_twice(start_worker, counting, tmp_path):
    params = {"rows": 40, "file": str(tmp_path / "second")}
    second = jobs.enqueue(project=None, kind="count", params=params)
    start_worker()
    start_worker()

    until(lambda: state_of(counting) == state_of(second) == JobState.DONE)

    assert rows_counted(counting) == list(range(60))
    assert rows_counted(second) == list(range(40))
