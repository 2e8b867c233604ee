"""What a fixed version says of every document is recorded once, whatever happens meanwhile."""

from __future__ import annotations

import pytest

from inference import promote as promoting
from inference.models import ModelKind, ModelVersion, Stage, Suggestion, Vector
from inference.predicting import CannotPredict
from inference.predictions import job as predicting
from inference.predictions.job import KIND, predict_for_promoted, predict_later, unasked
from inference.promoted.versions import encoder_of
from projects import jobs
from projects.models import JobState
from tests.factories import answer, make_documents
from tests.inference.tiny_encoders import SENTENCES
from tests.inference.tiny_models import make_folder, register

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def version(question, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.TORCH_THREADS = 1
    labels = list(question.labels.all())
    folder = make_folder(tmp_path / "made", [label.name for label in labels])
    return register(question, folder, [label.pk for label in labels])


@pytest.fixture
def documents(project, monkeypatch):
    monkeypatch.setattr(predicting, "CHUNK", 2)
    return make_documents(project, *SENTENCES[:4], "and one more")


@pytest.fixture
def remote(project, question):
    return ModelVersion.objects.create(
        project=project, question=question, number=7, kind=ModelKind.REMOTE, name="Elsewhere"
    )


def done(job):
    jobs.claim_and_run(job.pk)
    job.refresh_from_db()
    return job


def test_every_document_gets_its_prediction(question, version, documents):
    job = done(predict_later(version))

    assert (job.state, job.result) == (JobState.DONE, {"documents": 5})
    rows = Suggestion.objects.filter(model_version=version, version=version.version)
    assert sorted(rows.values_list("document", flat=True)) == [one.pk for one in documents]
    assert {row.label_id for row in rows} <= {label.pk for label in question.labels.all()}
    assert all(row.score == row.items[0]["score"] for row in rows)


def test_a_run_that_is_killed_goes_on_and_records_nothing_twice(version, documents, monkeypatch):
    predictor_of, asked = predicting.predictor_of, []

    class Killed(BaseException):
        pass

    class Counting:
        def __init__(self, predictor) -> None:
            self.predictor = predictor

        def predict(self, chunk):
            asked.extend(one.pk for one in chunk)
            if len(asked) == 4:
                raise Killed
            return self.predictor.predict(chunk)

    monkeypatch.setattr(predicting, "predictor_of", lambda one: Counting(predictor_of(one)))
    job = jobs.add(project=version.project, kind=KIND, params={"version": version.pk})
    with pytest.raises(Killed):
        jobs.claim_and_run(job.pk)
    assert Suggestion.objects.count() == 2
    type(job).objects.filter(pk=job.pk).update(state=JobState.QUEUED, run_token=None)

    assert done(job).result == {"documents": 5}

    assert asked == [one.pk for one in (*documents[:4], *documents[2:])]
    assert Suggestion.objects.count() == 5


def test_it_is_asked_again_only_about_what_is_new(project, version, documents):
    done(predict_later(version))
    [new] = make_documents(project, "something new")
    assert list(unasked(version)) == [new]

    assert done(predict_later(version)).result == {"documents": 1}

    assert not unasked(version).exists()


def test_one_job_at_a_time(version, documents):
    job = jobs.add(project=version.project, kind=KIND, params={"version": version.pk})

    assert predict_later(version) == job


def test_promotion_has_it_asked(project, version, documents, alice):
    promoting.promote(version=version, author=alice, reason="To try it.")

    [job] = project.jobs.filter(kind=KIND)
    assert job.params == {"version": version.pk}
    assert done(job).state == JobState.DONE


def test_a_remote_version_is_asked_only_on_demand(project, remote, documents):
    ModelVersion.objects.filter(pk=remote.pk).update(stage=Stage.CHAMPION)

    predict_for_promoted(project)

    assert not project.jobs.filter(kind=KIND).exists()


def test_a_version_that_cannot_be_asked_says_why(version, documents, settings):
    (settings.MEDIA_ROOT / version.folder / "model.safetensors").unlink()

    job = done(predict_later(version))

    assert job.state == JobState.FAILED
    assert "model.safetensors" in job.error
    assert Suggestion.objects.count() == 0


def test_an_endpoint_that_breaks_on_the_way_keeps_what_was_recorded(
    remote, documents, question, monkeypatch
):
    label = question.labels.first()

    class Breaking:
        def predict(self, chunk):
            if chunk[0].pk == documents[2].pk:
                raise CannotPredict("It answers no more.")
            return [[{"label": label.pk, "score": 0.7, "offered": True}] for _ in chunk]

    monkeypatch.setattr(predicting, "REMOTE_CHUNK", 2)
    monkeypatch.setattr(predicting, "predictor_of", lambda _: Breaking())

    job = done(predict_later(remote))

    assert (job.state, job.error) == (JobState.FAILED, "It answers no more.")
    assert Suggestion.objects.count() == 2


def test_what_was_answered_is_read_for_the_share_of_the_live_head(version, documents, bob, serving):
    answer(documents[0], bob, "Refund")

    done(predict_later(version))

    [vector] = Vector.objects.filter(encoder=encoder_of(version))
    assert vector.text_hash == documents[0].text_hash
