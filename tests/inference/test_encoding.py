from __future__ import annotations

import pytest

from inference import encoding, vectors
from inference.encoders.fake_engine import FakeEngine
from inference.encoding import encode_later, encode_project
from inference.models import Vector
from projects import jobs
from projects.models import Job, JobState
from tests.factories import make_documents


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(encoding, "CHUNK", 2)


def test_a_job_encodes_the_whole_project(project, serving, small_chunks):
    make_documents(project, count=5)

    job = Job.objects.get(pk=encode_later(project).pk)

    assert job.state == JobState.DONE
    assert job.result == {"documents": 5, "encoder": "fake"}
    assert (job.progress_done, job.progress_total) == (5, 5)
    assert Vector.objects.count() == 5


def test_nothing_new_makes_no_job(project, serving):
    assert encode_later(project) is None

    make_documents(project, count=1)
    assert encode_later(project) is not None
    assert encode_later(project) is None

    make_documents(project, count=1)
    assert encode_later(project) is not None


def test_an_engine_switched_off_makes_no_job(project, settings):
    settings.ENGINE = "off"
    make_documents(project, count=1)

    assert encode_later(project) is None


def test_an_import_that_is_done_has_its_documents_encoded(project, serving):
    make_documents(project, count=2)
    imported = Job.objects.create(project=project, kind="import_documents")

    for follower in jobs.followers["import_documents"]:
        follower(imported)

    assert Vector.objects.count() == 2


def test_it_resumes_after_the_last_chunk(project, serving, small_chunks, monkeypatch):
    make_documents(project, count=5)
    calls: list[int] = []
    encode = FakeEngine.encode

    def crashing(self, texts):
        calls.append(len(texts))
        if len(calls) == 2:
            raise RuntimeError("killed")
        return encode(self, texts)

    monkeypatch.setattr(FakeEngine, "encode", crashing)
    job = encode_later(project)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert Vector.objects.count() == 2

    calls.clear()
    calls.append(0)
    calls.append(0)
    assert jobs.retry(job)

    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert sum(calls) == 3
    assert Vector.objects.count() == 5


def test_what_is_known_is_not_encoded_again(project, serving, monkeypatch):
    documents = make_documents(project, "a refund", "a refund", "it is late")
    vectors.encoded("fake", serving.batcher, {documents[2].text_hash: "it is late"})
    seen: list[str] = []
    encode = FakeEngine.encode
    monkeypatch.setattr(
        FakeEngine, "encode", lambda self, texts: seen.extend(texts) or encode(self, texts)
    )

    encode_later(project)

    assert seen == ["a refund"]


def test_a_missing_engine_fails_the_job_with_its_reason(project, settings):
    make_documents(project, count=1)
    settings.ENGINE = "off"

    job = jobs.enqueue(project=project, kind=encoding.KIND, params={})

    job = Job.objects.get(pk=job.pk)
    assert job.state == JobState.FAILED
    assert job.error == "Suggestions are switched off on this server."


def test_a_cancelled_job_stops_between_chunks(project, serving, small_chunks):
    make_documents(project, count=3)
    job = Job.objects.create(
        project=project, kind=encoding.KIND, state=JobState.RUNNING, run_token=None
    )
    run = jobs.JobRun(job)
    Job.objects.filter(pk=job.pk).update(cancel_requested_at="2026-01-01T00:00Z")

    with pytest.raises(jobs.JobCancelled):
        encode_project(run, project, serving)

    assert Vector.objects.count() == 0
