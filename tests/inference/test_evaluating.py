"""Fixed versions are measured on blind test documents, and apart on answers that were led."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from corpus.versions.freeze import freeze
from inference import live
from inference.evaluating import predictions
from inference.evaluating.job import (
    KIND,
    evaluate_later,
    evaluate_what_is_new,
    jobs_of,
)
from inference.measuring.measure import measure_later
from inference.models import Comparison, Measurement, ModelKind, Stage, Suggestion
from inference.predicting import CannotPredict
from projects import jobs
from projects.models import JobState
from tests.factories import answer, make_documents
from tests.inference.challengers import answered_blind, make_challenger


class Refunds:
    """Says Refund of everything, and remembers what it was asked."""

    def __init__(self, question):
        self.asked = []
        self.label = question.labels.get(name="Refund").pk

    def predict(self, documents):
        self.asked += [document.pk for document in documents]
        return [[{"label": self.label, "score": 0.8, "offered": True}] for _ in documents]


@pytest.fixture
def refunds(question, monkeypatch):
    predictor = Refunds(question)
    monkeypatch.setattr(predictions, "predictor_of", lambda version: predictor)
    return predictor


def evaluate(version):
    job = jobs.add(project=version.project, kind=KIND, params={"version": version.pk})
    jobs.run_here(job, lambda *_: None)
    return job


def test_it_is_measured_on_blind_test_documents_and_the_headline_is_kept(
    project, question, bob, refunds
):
    answered_blind(project, bob, 4, "Refund", "Refund", "Refund", "Praise")
    version = make_challenger(question)

    job = evaluate(version)

    row = Measurement.objects.get(contaminated=False)
    version.refresh_from_db()
    assert job.state == JobState.DONE, job.error
    assert (row.model_version, row.documents, row.figures["accuracy"]["value"]) == (
        version,
        4,
        0.75,
    )
    assert version.metrics["accuracy"] == row.figures["accuracy"]
    assert version.metrics["accuracy"]["n"] == 4


def test_what_it_said_is_recorded_and_never_asked_again(project, question, bob, refunds):
    documents = answered_blind(project, bob, 3)
    version = make_challenger(question)
    evaluate(version)
    [more] = answered_blind(project, bob, 1)

    evaluate(version)

    assert sorted(refunds.asked) == sorted(document.pk for document in [*documents, more])
    assert Suggestion.objects.filter(model_version=version, version="1").count() == 4


def test_answers_that_were_led_are_measured_apart(project, question, bob, refunds):
    answered_blind(project, bob, 2, "Praise")
    for document in make_documents(project, "a", "b", "c"):
        answer(document, bob, "Refund")
    version = make_challenger(question)

    evaluate(version)

    row = Measurement.objects.get(contaminated=True)
    version.refresh_from_db()
    assert (row.documents, row.figures["accuracy"]["value"]) == (3, 1)
    assert version.metrics["accuracy"]["value"] == 0


def test_what_it_was_trained_on_is_not_even_in_the_contaminated_figure(
    project, question, alice, bob, refunds
):
    for document in make_documents(project, "a", "b", "c"):
        answer(document, bob, "Refund")
    dataset = freeze(project=project, author=alice)
    [later] = make_documents(project, "d")
    answer(later, bob, "Refund")
    version = make_challenger(question, dataset_version=dataset)

    evaluate(version)

    assert refunds.asked == [later.pk]
    assert Measurement.objects.get(contaminated=True).documents == 1


def test_without_its_dataset_nobody_knows_what_it_was_trained_on(
    project, question, alice, bob, refunds
):
    for document in make_documents(project, "a", "b"):
        answer(document, bob, "Refund")
    dataset = freeze(project=project, author=alice)
    dataset.file.storage.delete(dataset.file.name)

    evaluate(make_challenger(question, dataset_version=dataset))

    assert Measurement.objects.get(contaminated=True).documents == 0


def test_killed_on_the_way_it_goes_on_where_it_was(project, question, bob, refunds, monkeypatch):
    answered_blind(project, bob, 3)
    version = make_challenger(question)
    monkeypatch.setattr(predictions, "AT_ONCE", 1)
    monkeypatch.setattr(
        jobs.JobRun, "give_way", lambda run: (_ for _ in ()).throw(jobs.JobReleased)
    )

    for _ in range(3):
        evaluate(version)

    assert len(refunds.asked) == len(set(refunds.asked)) == 3


def test_a_version_that_cannot_be_asked_says_why(project, question, bob, monkeypatch):
    answered_blind(project, bob, 1)

    def refuse(version):
        raise CannotPredict("The endpoint says nothing.")

    monkeypatch.setattr(predictions, "predictor_of", refuse)

    job = evaluate(make_challenger(question))

    assert (job.state, job.error) == (JobState.FAILED, "The endpoint says nothing.")


def test_a_version_that_is_gone_is_said_to_be(project, question):
    job = jobs.add(project=project, kind=KIND, params={"version": 12345})
    jobs.run_here(job, lambda *_: None)

    assert job.error == "This version is gone."


def test_once_measured_it_is_compared_with_what_suggests(project, question, bob, refunds, serving):
    answered_blind(project, bob, 2)
    live.refresh(project)
    version = make_challenger(question)

    evaluate(version)

    comparison = Comparison.objects.get()
    assert (comparison.second, comparison.documents) == (version, 2)


def test_a_challenger_does_not_keep_the_live_head_from_being_measured(
    project, question, bob, refunds, serving
):
    answered_blind(project, bob, 2)
    live.refresh(project)

    evaluate(make_challenger(question))

    assert measure_later(project) is not None


def test_one_job_a_version_is_enough(project, question):
    project.jobs.create(kind=KIND, params={"version": 0})
    version = make_challenger(question)
    waiting = project.jobs.create(kind=KIND, params={"version": version.pk})

    assert evaluate_later(version) == waiting


def job_of(version, **fields):
    return version.project.jobs.create(
        kind=KIND, params={"version": version.pk}, finished_at=timezone.now(), **fields
    )


@pytest.mark.parametrize(
    ("kind", "stage", "again"),
    [
        (ModelKind.FINE_TUNED, Stage.CHALLENGER, True),
        (ModelKind.FOLDER, Stage.CHAMPION, True),
        (ModelKind.REMOTE, Stage.CHALLENGER, False),
        (ModelKind.FINE_TUNED, Stage.ARCHIVED, False),
        (ModelKind.LIVE, Stage.CHAMPION, False),
    ],
)
def test_new_answers_have_it_measured_again_where_that_costs_nothing(
    project, question, bob, refunds, kind, stage, again
):
    version = make_challenger(question, kind=kind, stage=stage)
    answered_blind(project, bob, 1)

    evaluate_what_is_new(project, [version])

    assert jobs_of(project).exists() is again


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_what_failed_or_was_stopped_waits_until_it_is_asked_for(project, question, state):
    version = make_challenger(question, kind=ModelKind.FOLDER)
    job = job_of(version, state=state)

    evaluate_what_is_new(project, [version])

    assert list(jobs_of(project)) == [job]


def test_it_is_measured_again_only_after_a_while_and_only_if_something_happened(
    project, question, bob
):
    version = make_challenger(question, kind=ModelKind.FOLDER)
    job = job_of(version, state=JobState.DONE, result={"event": 0})
    hour = timezone.now() - timedelta(hours=1)

    evaluate_what_is_new(project, [version])
    jobs_of(project).update(created_at=hour)
    evaluate_what_is_new(project, [version])
    assert list(jobs_of(project)) == [job]

    answered_blind(project, bob, 1)
    evaluate_what_is_new(project, [version])
    assert job not in jobs_of(project)
    assert jobs_of(project).exists()
