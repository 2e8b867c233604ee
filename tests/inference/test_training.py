"""A fine-tune as a job: what it learns, what it leaves, and how it stops and goes on."""

from __future__ import annotations

import dataclasses
import errno
import json
import uuid
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from safetensors.numpy import load_file

from corpus.versions.freeze import freeze
from inference import artifacts
from inference.models import ModelKind, ModelVersion, Stage
from inference.predicting import predictor_of
from inference.training import checkpoint, job
from inference.training.lessons import CannotTrain, lessons_of
from inference.training.register import registered
from inference.training.request import KIND, UnderWay, checked, request_training
from inference.training.settings import TrainingSettings
from labeling.submit import Submission, submit
from projects import jobs
from projects.models import Job, JobState, QuestionKind
from tests.factories import answer, make_documents, make_project, make_question
from tests.inference.training_data import WORDS, answered, frozen, make_base, spans_in, texts

QUICK = TrainingSettings(epochs=10, batch=8, learning_rate=5e-3)
BRIEF = dataclasses.replace(QUICK, epochs=2)


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory):
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(autouse=True)
def _here(settings, tmp_path, base_folder):
    settings.ENCODER = str(base_folder)
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.TORCH_THREADS = 1


def wanted(question, dataset, settings=QUICK) -> Job:
    """Queued, for the test to run."""
    params = checked(dataset=dataset, question=question, settings=settings)
    return jobs.add(project=question.project, kind=KIND, params=params)


def run(training: Job) -> Job:
    jobs.claim_and_run(training.pk)
    training.refresh_from_db()
    return training


def trained(question, dataset, settings=QUICK) -> ModelVersion:
    training = run(wanted(question, dataset, settings))
    assert training.state == JobState.DONE, training.error
    return registered(training)


def weights(version: ModelVersion):
    return load_file(artifacts.local(version) / "model.safetensors")


def test_it_learns_to_tell_labels_apart_and_is_a_challenger(project, question, bob):
    dataset = frozen(project, bob, 90)

    version = trained(question, dataset, dataclasses.replace(QUICK, epochs=12))

    fresh = make_documents(project, *(text for text, _ in texts(30, seed=9)))
    names = dict(question.labels.values_list("pk", "name"))
    said = predictor_of(version).predict(fresh)
    right = [
        names[items[0]["label"]] == label
        for items, (_, label) in zip(said, texts(30, seed=9), strict=True)
    ]
    assert np.mean(right) > 0.9
    assert (version.kind, version.stage) == (ModelKind.FINE_TUNED, Stage.CHALLENGER)
    assert version.dataset_version == dataset
    assert version.parameters["dataset_sha256"] == dataset.sha256
    assert set(version.parameters["labels"]) == names.keys()
    assert version.parameters["seed"] == 13
    assert version.parameters["validation_value"] > 0.8
    assert version.environment["torch"]
    assert not checkpoint.folder_of(version.parameters["job"]).exists()


def test_the_folder_is_one_that_anybody_can_load_with_its_card(project, question, bob):
    from transformers import pipeline

    project.data_license = "cc-by-4.0"
    project.save()
    version = trained(question, frozen(project, bob))
    folder = artifacts.local(version)

    said = pipeline("text-classification", model=str(folder))("my order was late again")

    assert said[0]["label"] == "Late delivery"
    card = (folder / "README.md").read_text()
    assert 'license: "cc-by-4.0"' in card
    assert version.dataset_version.sha256 in card
    assert "- Late delivery" in card
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= version.files.keys()


def test_several_labels_are_learned_each_by_itself(db, project, bob):
    other = make_project(slug="many")
    question = make_question(other, "topics", labels=list(WORDS), multiple=True, required=False)
    dice = np.random.default_rng(3)
    documents = []
    for number in range(80):
        chosen = [name for name in WORDS if dice.random() < 0.5]
        [document] = make_documents(
            other, f"the shop {' and '.join(WORDS[name] for name in chosen)} box {number}"
        )
        answer(document, bob, *chosen)
        documents.append((document, set(chosen)))

    version = trained(question, freeze(project=other))

    names = dict(question.labels.values_list("pk", "name"))
    said = predictor_of(version).predict([document for document, _ in documents])
    offered = [{names[one["label"]] for one in items if one["offered"]} for items in said]
    assert (
        np.mean([mine == theirs for mine, (_, theirs) in zip(offered, documents, strict=True)])
        > 0.8
    )
    assert version.parameters["validation_figure"] == "micro_f1"


def test_an_answer_of_no_label_is_learned_as_well(db, bob):
    project = make_project(slug="none")
    question = make_question(project, labels=list(WORDS), required=False)
    made = texts(60)
    for number, (text, label) in enumerate(made):
        [document] = make_documents(project, text if number % 2 else f"the box {number}")
        answer(document, bob, *([label] if number % 2 else []))

    version = trained(question, freeze(project=project))

    assert version.parameters["labels"][-1] is None
    [items] = predictor_of(version).predict(make_documents(project, "the box 77"))
    assert not any(item["offered"] for item in items)
    assert len(items) == 3


def test_spans_are_learned(db, bob):
    project = make_project(slug="names")
    question = make_question(
        project, "words", labels=list(WORDS), kind=QuestionKind.SPAN, required=False
    )
    for text, _ in texts(80):
        [document] = make_documents(project, text)
        chosen = {question.pk: spans_in(question, text)}
        submission = Submission(client_id=uuid.uuid4())
        submit(document=document, annotator=bob, chosen=chosen, submission=submission)

    version = trained(
        question, freeze(project=project), dataclasses.replace(QUICK, learning_rate=1e-2)
    )

    fresh = make_documents(project, *(text for text, _ in texts(30, seed=9)))
    said = predictor_of(version).predict(fresh)
    right = [
        [(one["start"], one["end"], one["label"]) for one in items if one["offered"]]
        == [
            (span.start, span.end, span.label)
            for span in spans_in(question, document.texts["text"])
        ]
        for items, document in zip(said, fresh, strict=True)
    ]
    assert np.mean(right) > 0.8
    assert version.parameters["spans"] > 60
    config = json.loads((artifacts.local(version) / "config.json").read_text())
    assert set(config["label2id"]) == {"O"} | {f"{tag}-{name}" for name in WORDS for tag in "BI"}


class Stop(BaseException):
    """As kill -9 does: no handler runs, nothing is tidied up."""


def killed_after(monkeypatch, steps: int, stop: BaseException) -> None:
    advance, count = job.Course.advance, 0

    def counted(course):
        nonlocal count
        count += 1
        if count > steps:
            raise stop
        advance(course)

    monkeypatch.setattr(job.Course, "advance", counted)


@pytest.mark.parametrize("accumulation", [1, 2])
def test_a_killed_training_goes_on_to_the_same_weights(
    project, question, bob, settings, monkeypatch, accumulation
):
    settings.TRAINING_CHECKPOINT_SECONDS = 0
    dataset = frozen(project, bob)
    asked = dataclasses.replace(BRIEF, accumulation=accumulation)
    whole = trained(question, dataset, asked)
    training = wanted(question, dataset, asked)
    with monkeypatch.context() as patched:
        killed_after(patched, 6 // accumulation, Stop())
        with pytest.raises(Stop):
            jobs.claim_and_run(training.pk)
    Job.objects.filter(pk=training.pk).update(state=JobState.QUEUED, run_token=None)

    resumed = registered(run(training))

    first, second = weights(whole), weights(resumed)
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert training.attempts == 1  # who gets further may be killed any number of times
    assert resumed.parameters["temperature"] == whole.parameters["temperature"]


def test_it_gives_way_to_other_jobs_and_goes_on_from_where_it_was(
    project, question, bob, monkeypatch
):
    monkeypatch.setattr(job, "LOOK_SECONDS", 0)
    monkeypatch.setattr(jobs, "dispatch", lambda _: None)
    training = wanted(question, frozen(project, bob), BRIEF)
    other = Job.objects.create(project=project, kind="measure", state=JobState.QUEUED)

    run(training)

    assert training.state == JobState.QUEUED
    _, numbers = checkpoint.read(checkpoint.folder_of(training.pk))
    assert numbers["step"] == 1
    assert training.checkpoint["curve"]["total"] > 1
    other.delete()
    assert run(training).state == JobState.DONE


def test_a_cancelled_training_leaves_nothing(project, question, bob, monkeypatch):
    monkeypatch.setattr(job, "LOOK_SECONDS", 0)
    training = wanted(question, frozen(project, bob), BRIEF)
    advance = job.Course.advance

    def asked_to_stop(course):
        advance(course)
        jobs.cancel(Job.objects.get(pk=training.pk))

    monkeypatch.setattr(job.Course, "advance", asked_to_stop)

    run(training)

    assert training.state == JobState.CANCELLED
    assert not checkpoint.folder_of(training.pk).exists()
    assert not ModelVersion.objects.exists()


def test_a_full_disk_is_said_and_registers_nothing(project, question, bob, monkeypatch):
    training = wanted(question, frozen(project, bob), BRIEF)
    save = default_storage.save

    def full(name, content):
        if name.endswith("model.safetensors"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return save(name, content)

    with monkeypatch.context() as patched:
        patched.setattr("inference.artifacts.default_storage.save", full)
        run(training)

    assert training.state == JobState.FAILED
    assert "No space left on device" in training.error
    assert "goes on from its last checkpoint" in training.error
    assert not ModelVersion.objects.exists()
    assert default_storage.listdir("models")[0] == []
    jobs.retry(training)
    assert run(training).state == JobState.DONE


def test_who_fails_while_registering_leaves_no_folder(project, question, bob, monkeypatch):
    training = wanted(question, frozen(project, bob), BRIEF)
    with monkeypatch.context() as patched:
        patched.setattr(ModelVersion.objects, "create", lambda **_: (_ for _ in ()).throw(Stop()))
        with pytest.raises(Stop):
            jobs.claim_and_run(training.pk)
    assert default_storage.listdir("models")[0] == []
    Job.objects.filter(pk=training.pk).update(state=JobState.QUEUED, run_token=None)

    run(training)

    assert training.state == JobState.DONE
    assert ModelVersion.objects.count() == 1


def test_what_is_registered_already_is_not_trained_twice(project, question, bob):
    training = wanted(question, frozen(project, bob), BRIEF)
    run(training)
    Job.objects.filter(pk=training.pk).update(state=JobState.QUEUED)

    run(training)

    assert training.state == JobState.DONE
    assert ModelVersion.objects.count() == 1


def test_blind_documents_are_not_looked_at(project, question, bob):
    answered(project, bob, 40)
    blind = answered(project, bob, 20, seed=6, imported_split="test")

    lessons = lessons_of(freeze(project=project), question)

    taught = {one.text for one in [*lessons.train, *lessons.validation]}
    assert len(taught) == 40
    assert not taught & {document.texts["text"] for document in blind}


@pytest.mark.parametrize(
    ("count", "labels", "why"),
    [
        (12, None, "holds 12 answers to learn from"),
        (30, ["Refund"], "hold only “Refund”"),
    ],
)
def test_too_little_is_refused_at_once(project, question, bob, count, labels, why):
    for text, label in texts(count):
        [document] = make_documents(project, text)
        answer(document, bob, labels[0] if labels else label)
    dataset = freeze(project=project)

    with pytest.raises(CannotTrain, match=why):
        wanted(question, dataset)


def test_a_damaged_dataset_is_refused(project, question, bob):
    dataset = frozen(project, bob)
    path = Path(default_storage.path(dataset.file.name))
    path.write_bytes(path.read_bytes() + b"\n")

    with pytest.raises(CannotTrain, match="was changed"):
        wanted(question, dataset)


def test_another_question_is_refused(project, question, bob):
    dataset = frozen(project, bob)

    with pytest.raises(CannotTrain, match="does not hold the question “Mood”"):
        wanted(make_question(project, "mood"), dataset)


def test_a_worker_does_what_was_asked_for(project, question, bob):
    training = request_training(
        dataset=frozen(project, bob), question=question, settings=BRIEF, author=bob
    )

    version = ModelVersion.objects.get()
    assert training.state == JobState.DONE
    assert version.author == bob


def test_only_one_training_of_a_question_at_a_time(project, question, bob):
    dataset = frozen(project, bob)
    first = wanted(question, dataset)

    with pytest.raises(UnderWay) as refused:
        wanted(question, dataset)

    assert refused.value.job == first


def test_nothing_is_trained_where_models_are_off(project, question, bob, settings):
    dataset = frozen(project, bob)
    settings.ENGINE = "off"

    with pytest.raises(CannotTrain, match="switched off"):
        wanted(question, dataset)


def test_a_label_that_is_renamed_while_it_is_learned_stays_itself(project, question, bob):
    dataset = frozen(project, bob)
    training = wanted(question, dataset, BRIEF)
    question.labels.filter(name="Praise").update(name="Kudos")

    run(training)

    assert set(registered(training).parameters["labels"]) == {
        label.pk for label in question.labels.all()
    }


def test_checkpoints_of_finished_jobs_are_swept(project, question, bob):
    gone, waiting = (
        Job.objects.create(project=project, kind=KIND, state=state)
        for state in (JobState.CANCELLED, JobState.FAILED)
    )
    for one in (gone, waiting):
        checkpoint.folder_of(one.pk).mkdir(parents=True)

    checkpoint.sweep()

    assert not checkpoint.folder_of(gone.pk).exists()
    assert checkpoint.folder_of(waiting.pk).exists()


def test_a_loss_that_is_no_number_says_what_to_do(project, question, bob):
    training = run(
        wanted(question, frozen(project, bob), dataclasses.replace(QUICK, learning_rate=1e30))
    )

    assert training.state == JobState.FAILED
    assert "smaller learning rate" in training.error


def test_it_ends_early_when_it_gets_no_better(project, question, bob):
    asked = dataclasses.replace(QUICK, epochs=14, patience=1, learning_rate=1e-9)

    version = trained(question, frozen(project, bob), asked)

    passes = Job.objects.get(kind=KIND).checkpoint["curve"]["scores"]
    assert len(passes) == 2  # the beginning, and one that was no better
    assert version.parameters["best_epoch"] == 1


@pytest.mark.parametrize(("rows", "passes"), [(100, 15), (500, 8), (1000, 4), (10**6, 4)])
def test_passes_suit_the_dataset_unless_somebody_chose(rows, passes):
    assert TrainingSettings().settled("choice", rows).epochs == passes
    assert TrainingSettings(epochs=2).settled("span", rows).epochs == 2
    assert TrainingSettings().settled("span", rows).learning_rate == 3e-4


def test_a_checkpoint_is_whole_or_not_there(tmp_path):
    import torch

    checkpoint.write(tmp_path, {"a": torch.ones(2)}, {"step": 3})
    (tmp_path / f"{checkpoint.FILE}.new").write_bytes(b"half")

    tensors, numbers = checkpoint.read(tmp_path)

    assert tensors["a"].tolist() == [1, 1]
    assert numbers == {"step": 3}
    (tmp_path / checkpoint.FILE).write_bytes(b"half")
    assert checkpoint.read(tmp_path) is None
