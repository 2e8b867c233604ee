"""What a job goes through, with runs driven by hand through the database backend."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from projects import jobs
from projects.jobs import JobError, JobLost, JobRun, cancel, claim, enqueue, retry
from projects.models import Job, JobState, WorkerBeat
from projects.workers import beat, pick_up, pick_up_silent, workers_alive

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def database_queue(settings):
    """Dispatches wait in the database, as in production, so that a test says when one runs."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}


@pytest.fixture
def does(monkeypatch):
    """Say what jobs of kind `work` do."""

    def register(function):
        monkeypatch.setitem(jobs.handlers, "work", function)

    register(lambda run: None)
    return register


@pytest.fixture
def job(does):
    return enqueue(project=None, kind="work", params={"rows": 3})


def run_waiting() -> None:
    """Be the worker: run every dispatch that waits."""
    for dispatch in DBTaskResult.objects.ready():
        dispatch.claim("test")
        jobs.run_job.func(*dispatch.args_kwargs["args"])
        dispatch.set_successful(None)


def fall_silent(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    job.refresh_from_db()


def state_of(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def test_a_job_waits_until_a_worker_takes_it(job):
    assert job.state == JobState.QUEUED
    assert job.params == {"rows": 3}
    assert DBTaskResult.objects.get(id=job.task_id).status == TaskResultStatus.READY


def test_a_job_keeps_what_its_handler_returns_and_how_far_it_came(job, does):
    def work(run):
        for done in range(4):
            run.progress(done, 3, f"row {done}")
        return {"rows": run.job.params["rows"]}

    does(work)
    run_waiting()

    assert state_of(job) == JobState.DONE
    assert (job.progress_done, job.progress_total, job.message) == (3, 3, "row 3")
    assert job.result == {"rows": 3}
    assert job.attempts == 1
    assert job.run_token is None
    assert job.started_at <= job.finished_at


def test_an_unknown_kind_is_refused_before_it_is_queued(db):
    with pytest.raises(ValueError, match="No handler for jobs of kind 'nonsense'"):
        enqueue(project=None, kind="nonsense", params={})
    assert not Job.objects.exists()


def test_two_handlers_of_one_kind_are_refused(does):
    with pytest.raises(ValueError, match="Two handlers"):
        jobs.handler("work")(lambda run: None)


def test_a_failed_job_shows_the_message_of_its_handler(job, does):
    def work(run):
        raise JobError("Row 7 has no text.")

    does(work)
    run_waiting()

    assert state_of(job) == JobState.FAILED
    assert job.error == "Row 7 has no text."


def test_a_full_disk_is_said_in_words(job, does):
    def work(run):
        raise OSError(28, "No space left on device", "/srv/annotate/exports/7")

    does(work)
    run_waiting()

    assert state_of(job) == JobState.FAILED
    assert job.error == jobs.FULL_DISK


def test_a_broken_handler_fails_its_job_and_is_logged(job, does, caplog):
    def work(run):
        raise ZeroDivisionError("division by zero")

    does(work)
    run_waiting()

    assert state_of(job) == JobState.FAILED
    assert job.error == "Unexpected problem (ZeroDivisionError): division by zero"
    assert "job broke" in caplog.messages


def test_trouble_with_the_database_leaves_the_job_to_be_picked_up(job, does):
    def work(run):
        raise OperationalError("database is locked")

    does(work)
    run_waiting()

    assert state_of(job) == JobState.RUNNING
    assert not jobs.running


def test_only_one_claim_of_a_job_wins(job):
    assert claim(job.pk, uuid.uuid4()).attempts == 1
    assert claim(job.pk, uuid.uuid4()) is None


def test_a_job_resumes_from_its_checkpoint(job, does):
    run = JobRun(claim(job.pk, uuid.uuid4()))
    run.save_checkpoint({"row": 2})
    fall_silent(job)
    seen = []
    does(lambda run: seen.append(run.checkpoint))

    assert pick_up_silent() == 1
    run_waiting()

    assert state_of(job) == JobState.DONE
    assert seen == [{"row": 2}]
    assert job.attempts == 2


def test_a_run_given_up_for_dead_cannot_write_any_more(job):
    lost = JobRun(claim(job.pk, uuid.uuid4()))
    fall_silent(job)
    pick_up_silent()
    claim(job.pk, uuid.uuid4())

    with pytest.raises(JobLost):
        lost.save_checkpoint({"row": 9})
    with pytest.raises(JobLost):
        lost.progress(9)
    with pytest.raises(JobLost):
        lost.finish(JobState.DONE)

    assert state_of(job) == JobState.RUNNING
    assert job.checkpoint == {}


def test_only_one_of_two_workers_picks_a_silent_job_up(job):
    claim(job.pk, uuid.uuid4())
    fall_silent(job)
    seen_by_both = list(Job.objects.silent())

    assert pick_up(seen_by_both[0]) is True
    assert pick_up(seen_by_both[0]) is False
    assert DBTaskResult.objects.ready().count() == 2  # the first dispatch was never taken


def test_a_job_that_says_something_is_left_alone(job):
    claim(job.pk, uuid.uuid4())

    assert pick_up_silent() == 0
    assert state_of(job) == JobState.RUNNING


def test_a_beat_of_the_worker_keeps_its_jobs_from_being_picked_up(job):
    token = claim(job.pk, uuid.uuid4()).run_token
    fall_silent(job)
    jobs.running.add(token)

    beat(WorkerBeat(name="here"))
    jobs.running.discard(token)

    assert pick_up_silent() == 0


def test_a_job_that_kills_its_worker_each_time_fails_in_the_end(job):
    for _ in range(job.max_attempts):
        claim(job.pk, uuid.uuid4())
        fall_silent(job)
        pick_up_silent()

    assert state_of(job) == JobState.FAILED
    assert job.error == "The worker stopped 3 times while it ran this job."


def test_a_dispatch_lost_between_worker_and_claim_is_repeated(job):
    DBTaskResult.objects.get(id=job.task_id).claim("killed")
    fall_silent(job)

    assert pick_up_silent() == 1
    run_waiting()

    assert state_of(job) == JobState.DONE


def test_a_job_that_waits_in_a_long_queue_is_not_dispatched_twice(job):
    fall_silent(job)

    assert pick_up_silent() == 0
    assert DBTaskResult.objects.count() == 1


def test_a_stopping_worker_puts_its_job_back_without_counting_the_attempt(job, does):
    def work(run):
        run.save_checkpoint({"row": 1})
        jobs.stopping.set()
        run.raise_if_cancelled()

    does(work)
    try:
        DBTaskResult.objects.get().claim("test")
        jobs.run_job.func(job.pk)
    finally:
        jobs.stopping.clear()

    assert state_of(job) == JobState.QUEUED
    assert (job.attempts, job.checkpoint) == (0, {"row": 1})
    assert DBTaskResult.objects.ready().get().id == DBTaskResult.objects.get(id=job.task_id).id


def test_long_work_lets_a_waiting_job_of_another_kind_go_first(job, does):
    def work(run):
        run.save_checkpoint({"row": run.checkpoint.get("row", 0) + 1})
        if run.checkpoint["row"] < 3:
            run.give_way()

    does(work)
    other = Job.objects.create(kind="somebody waits for this", heartbeat_at=timezone.now())
    jobs.run_job.func(job.pk)
    assert state_of(job) == JobState.QUEUED
    assert (job.attempts, job.checkpoint) == (0, {"row": 1})

    Job.objects.filter(pk=other.pk).update(state=JobState.DONE)
    jobs.run_job.func(job.pk)
    assert state_of(job) == JobState.DONE
    assert job.checkpoint == {"row": 2}


def test_a_queued_job_is_cancelled_at_once(job, does):
    does(lambda run: pytest.fail("A cancelled job ran."))

    cancel(job)
    run_waiting()

    assert state_of(job) == JobState.CANCELLED


def test_a_running_job_stops_at_its_next_chunk(job, does):
    def work(run):
        cancel(run.job)
        assert state_of(run.job) == JobState.RUNNING
        run.raise_if_cancelled()
        pytest.fail("It went on.")

    does(work)
    run_waiting()

    assert state_of(job) == JobState.CANCELLED


def test_a_job_whose_worker_is_dead_is_cancelled_at_once(job):
    claim(job.pk, uuid.uuid4())
    fall_silent(job)

    cancel(job)

    assert state_of(job) == JobState.CANCELLED


def test_a_job_asked_to_stop_before_its_worker_died_is_not_resumed(job):
    claim(job.pk, uuid.uuid4())
    cancel(job)
    fall_silent(job)

    assert pick_up_silent() == 1
    assert state_of(job) == JobState.CANCELLED


def test_a_finished_job_can_neither_be_cancelled_nor_retried(job):
    run_waiting()

    cancel(job)

    assert state_of(job) == JobState.DONE
    assert job.cancel_requested_at is None
    assert retry(job) is False


def test_a_failed_job_runs_again_from_its_checkpoint(job, does):
    def work(run):
        if not run.checkpoint:
            run.save_checkpoint({"row": 5})
            raise JobError("The disk is full.")
        return run.checkpoint

    does(work)
    run_waiting()
    assert state_of(job) == JobState.FAILED

    assert retry(job) is True
    run_waiting()

    assert state_of(job) == JobState.DONE
    assert (job.result, job.error) == ({"row": 5}, "")


def test_what_follows_a_job_is_called_once_it_is_done(job, does, monkeypatch):
    followed = []
    monkeypatch.setitem(jobs.followers, "work", [lambda job: followed.append(job.pk)])
    run_waiting()

    assert followed == [job.pk]


def test_nothing_follows_a_failed_job(job, does, monkeypatch):
    def work(run):
        raise JobError("No.")

    monkeypatch.setitem(jobs.followers, "work", [lambda job: pytest.fail("It followed.")])
    does(work)
    run_waiting()

    assert state_of(job) == JobState.FAILED


def test_a_job_is_not_done_without_what_follows_it(job, monkeypatch, caplog):
    def follow(job):
        raise ValueError("cannot enqueue")

    monkeypatch.setitem(jobs.followers, "work", [follow])
    run_waiting()

    assert state_of(job) == JobState.FAILED
    assert job.error == "Unexpected problem (ValueError): cannot enqueue"


def test_progress_is_written_seldom_however_often_it_is_told(job, django_assert_num_queries):
    run = JobRun(claim(job.pk, uuid.uuid4()))

    with django_assert_num_queries(1):
        for done in range(100):
            run.progress(done, 100)


def test_a_worker_is_alive_while_it_beats():
    assert workers_alive() is False

    beat(WorkerBeat(name="here"))
    assert workers_alive() is True

    WorkerBeat.objects.update(beat_at=timezone.now() - timedelta(minutes=1))
    assert workers_alive() is False
