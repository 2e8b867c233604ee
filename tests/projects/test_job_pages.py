from __future__ import annotations

import pytest
from django.utils import timezone

from projects import jobs
from projects.models import Job, JobState, WorkerBeat
from tests.factories import make_project

PAGE = "/projects/tickets/jobs/"


def make_job(project, **fields) -> Job:
    fields.setdefault("heartbeat_at", timezone.now())
    return Job.objects.create(project=project, kind="import_documents", **fields)


@pytest.fixture
def worker(db):
    WorkerBeat.objects.create(name="w", started_at=timezone.now(), beat_at=timezone.now())


def test_the_list_says_when_nothing_has_run(client_of, alice):
    response = client_of(alice).get(PAGE)

    assert response.status_code == 200
    assert "Nothing has run yet." in response.text


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    client_of, alice, project, worker, django_assert_num_queries, count
):
    for _ in range(count):
        make_job(project, state=JobState.DONE, created_by=alice)
    client = client_of(alice)

    # Session, person, membership; count, jobs with their people, workers.
    with django_assert_num_queries(6):
        response = client.get(PAGE)

    assert response.text.count("Import documents ") == count


def test_the_list_says_that_no_worker_is_running(client_of, alice, project):
    make_job(project)
    assert "No worker is running" in client_of(alice).get(PAGE).text


def test_the_list_is_silent_about_workers_when_nothing_waits(client_of, alice, project):
    make_job(project, state=JobState.DONE)
    assert "No worker is running" not in client_of(alice).get(PAGE).text


def test_a_running_job_shows_its_progress_and_asks_again(client_of, alice, project, worker):
    job = make_job(
        project, state=JobState.RUNNING, progress_done=40, progress_total=100, message="Reading"
    )
    text = client_of(alice).get(f"{PAGE}{job.pk}/").text

    assert 'value="40" max="100"' in text
    assert "40 of 100" in text
    assert "Reading" in text
    assert 'hx-trigger="every 1s"' in text
    assert "No worker is running" not in text


def test_a_job_without_a_worker_says_so(client_of, alice, project):
    job = make_job(project)
    assert "No worker is running, so this waits." in client_of(alice).get(f"{PAGE}{job.pk}/").text


def test_a_poll_gets_the_progress_alone(client_of, alice, project, worker):
    job = make_job(project, state=JobState.RUNNING)
    response = client_of(alice).get(f"{PAGE}{job.pk}/", headers={"HX-Request": "true"})

    assert response.text.lstrip().startswith(f'<div id="job-{job.pk}"')
    assert "<html" not in response.text


def test_the_poll_that_finds_it_ended_reloads_the_page(client_of, alice, project):
    job = make_job(project, state=JobState.DONE)
    response = client_of(alice).get(f"{PAGE}{job.pk}/", headers={"HX-Request": "true"})

    assert response["HX-Refresh"] == "true"


def test_a_failed_job_shows_why_and_offers_to_run_again(client_of, alice, project):
    job = make_job(project, state=JobState.FAILED, error="Row 7: <no text>", attempts=2)
    text = client_of(alice).get(f"{PAGE}{job.pk}/").text

    assert "Row 7: &lt;no text&gt;" in text
    assert f'action="{PAGE}{job.pk}/retry"' in text
    assert "2 of 3" in text
    assert "every 1s" not in text


def test_an_owner_stops_a_job(client_of, alice, project):
    job = make_job(project)
    response = client_of(alice).post(f"{PAGE}{job.pk}/cancel")

    job.refresh_from_db()
    assert response.url == f"{PAGE}{job.pk}/"
    assert job.state == JobState.CANCELLED


def test_an_owner_runs_a_failed_job_again(client_of, alice, project, monkeypatch):
    monkeypatch.setitem(jobs.handlers, "import_documents", lambda run: {"rows": 1})
    job = make_job(project, state=JobState.FAILED, error="Disk full")

    client_of(alice).post(f"{PAGE}{job.pk}/retry")

    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.DONE, {"rows": 1})


def test_a_job_that_is_done_does_not_run_again(client_of, alice, project):
    job = make_job(project, state=JobState.DONE)
    response = client_of(alice).post(f"{PAGE}{job.pk}/retry", follow=True)

    assert "Only a job that failed or was cancelled can be run again." in response.text


@pytest.mark.parametrize("act", ["cancel", "retry"])
def test_a_reviewer_steers_only_what_she_started(client_of, rita, project, act):
    of_others, her_own = make_job(project), make_job(project, created_by=rita)
    client = client_of(rita)

    assert client.post(f"{PAGE}{of_others.pk}/{act}").status_code == 403
    assert client.post(f"{PAGE}{her_own.pk}/{act}").status_code == 302


@pytest.mark.parametrize("act", ["cancel", "retry"])
def test_nothing_changes_by_looking(client_of, alice, project, act):
    job = make_job(project)
    assert client_of(alice).get(f"{PAGE}{job.pk}/{act}").status_code == 405


def test_jobs_are_closed_to_annotators_and_invisible_to_strangers(
    client_of, bob, vera, charlie, project
):
    page = f"{PAGE}{make_job(project).pk}/"

    assert [client_of(person).get(page).status_code for person in (bob, vera, charlie)] == [
        403,
        403,
        404,
    ]


def test_a_job_of_another_project_is_not_found(client_of, alice, project):
    job = make_job(make_project("Other"))

    assert client_of(alice).get(f"{PAGE}{job.pk}/").status_code == 404
    assert client_of(alice).post(f"{PAGE}{job.pk}/cancel").status_code == 404
