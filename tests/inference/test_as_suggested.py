"""What people see where a version is promoted: measured, named, and what the queue goes by."""

from __future__ import annotations

import numpy as np
import pytest

from inference import live, vectors
from inference.comparing.compare import compare_at_once
from inference.comparing.job import KIND as COMPARE
from inference.comparing.job import compare_params
from inference.evaluating.job import KIND as EVALUATE
from inference.evaluating.job import evaluate_later
from inference.measuring.measure import KIND as MEASURE
from inference.measuring.measure import measure_later
from inference.models import Measurement, ModelKind, ModelVersion, Promotion, Stage
from inference.predicting import record
from inference.promote import NotBetter, promote, rollback
from inference.promoted.versions import encoder_of
from inference.ranking import KIND as RANK
from inference.ranking import rank_later
from projects import jobs
from projects.models import JobState, QueueOrder
from tests.factories import answer, make_documents
from tests.inference.challengers import make_challenger, make_champion, say
from tests.inference.tiny_models import make_folder, register

pytestmark = pytest.mark.django_db(transaction=True)
REGISTRY = "/projects/tickets/models/versions/"
COMPARED = "/projects/tickets/models/topic/compare/"
QUALITY = "/projects/tickets/models/"
TOPICS = {"Refund": "refund money", "Late delivery": "late parcel", "Praise": "nice friendly"}


@pytest.fixture(autouse=True)
def _settings(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.TORCH_THREADS = 1


@pytest.fixture
def version(question, tmp_path):
    """It tells the labels apart at random."""
    labels = list(question.labels.all())
    folder = make_folder(tmp_path / "made", [label.name for label in labels])
    return register(question, folder, [label.pk for label in labels])


def topical(project, person, count: int, **fields):
    """So many documents of each topic, which the fake encoder can tell, answered rightly."""
    texts = [(name, f"{words} {n}") for n in range(count) for name, words in TOPICS.items()]
    documents = make_documents(project, *[text for _, text in texts], **fields)
    for document, (name, _) in zip(documents, texts, strict=True):
        answer(document, person, name)
    return documents


@pytest.fixture
def blind(project, bob):
    return topical(project, bob, 12, imported_split="test")


@pytest.fixture
def taught(project, bob, serving):
    documents = topical(project, bob, 16)
    texts = {one.text_hash: one.model_text for one in documents}
    vectors.encoded(serving.engine.name, serving.batcher, texts)
    return documents


def run(project, kind: str, params=None):
    job = jobs.add(project=project, kind=kind, params=params or {})
    jobs.run_here(job, lambda *_: None)
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.error
    return job


def together(project, version, alice) -> ModelVersion:
    """The live head that suggests with the version, once it is promoted and asked."""
    promote(version=version, author=alice, reason="To see.")
    [head] = live.refresh(project)
    assert head.model_version != version.pk
    return ModelVersion.objects.get(pk=head.model_version)


def test_both_together_have_figures_of_their_own(project, version, taught, blind, alice):
    run(project, EVALUATE, {"version": version.pk})
    both = together(project, version, alice)

    run(project, MEASURE)

    version.refresh_from_db()
    both.refresh_from_db()
    alone, seen = version.main_figure, version.figure_as_suggested
    assert both.main_figure == seen
    assert (seen["n"], alone["n"]) == (36, 36)
    assert seen["value"] > alone["value"] + 0.2
    row = Measurement.objects.get(model_version=both)
    assert row.figures["accuracy"] == seen
    assert "effect" in row.figures


def test_the_live_head_behind_them_is_measured_as_well(project, version, taught, blind, alice):
    both = together(project, version, alice)

    run(project, MEASURE)

    behind = ModelVersion.objects.live().get(base=None)
    assert behind.main_figure["n"] == 36
    assert behind.main_figure["value"] > 0.8
    assert both.pk != behind.pk


def test_a_version_that_suggests_alone_keeps_its_own_figures_apart(
    project, version, blind, alice, serving
):
    run(project, EVALUATE, {"version": version.pk})
    version.refresh_from_db()
    alone = version.main_figure
    promote(version=version, author=alice, reason="To see.")

    run(project, MEASURE)
    run(project, EVALUATE, {"version": version.pk})

    version.refresh_from_db()
    assert version.main_figure == alone
    assert version.figure_as_suggested["n"] == 36
    names = set(version.measurements.filter(contaminated=False).values_list("version", flat=True))
    assert names == {"1", "1 as suggested"}


def test_a_remote_version_is_measured_by_what_it_said_and_the_live_head_by_the_rest(
    project, question, taught, blind, bob
):
    remote = make_champion(question, name="Elsewhere")
    say(remote, blind[:18], ["Refund"] * 18)

    run(project, MEASURE)

    remote.refresh_from_db()
    assert remote.figure_as_suggested["n"] == 36
    # Six of the eighteen that it was asked about, and what the live head makes of the others.
    assert 0.5 < remote.figure_as_suggested["value"] < 0.67


def test_the_pages_tell_what_people_see_from_what_it_says_alone(
    project, version, taught, blind, alice, client_of
):
    run(project, EVALUATE, {"version": version.pk})
    both = together(project, version, alice)
    run(project, MEASURE)
    client = client_of(alice)

    quality = client.get(QUALITY).text
    registry = client.get(REGISTRY).text
    page = client.get(version.get_absolute_url()).text

    assert f"what people see: {version}, which somebody promoted, and a live head" in quality
    assert "of the say" in quality
    assert "as people see it: " in registry
    assert f"As people see it, with {both} beside it" in page


def test_a_challenger_has_to_beat_what_people_see(
    project, version, taught, blind, alice, client_of
):
    """And not what the promoted version says by itself, which here is right on every third."""
    both = together(project, version, alice)
    run(project, EVALUATE, {"version": version.pk})
    challenger = make_challenger(version.question, name="New")
    say(challenger, blind, [*TOPICS] * 8 + ["Refund"] * 12)
    alone = compare_at_once(version, challenger)
    assert alone.figures["difference"]["low"] > 0

    with pytest.raises(NotBetter, match=f"not compared with {version} with {both} beside it"):
        promote(version=challenger, author=alice)
    run(project, COMPARE, compare_params(challenger, both))
    with pytest.raises(NotBetter, match=f"fewer of the documents than {version} with {both}"):
        promote(version=challenger, author=alice)

    client = client_of(alice)
    assert "Loses" in client.get(REGISTRY).text
    page = client.get(challenger.get_absolute_url()).text
    assert f"first={both.number}&amp;second={challenger.number}" in page
    compared = client.get(COMPARED, {"first": version.number, "second": challenger.number}).text
    assert f"{version} was asked by itself, without {both}" in compared


def test_whoever_was_just_measured_is_compared_with_what_people_see(
    project, version, taught, blind, alice
):
    both = together(project, version, alice)
    challenger = make_challenger(version.question, name="New")
    say(challenger, [*blind, *taught], [*TOPICS] * 28)

    evaluate_later(challenger)

    assert project.jobs.filter(kind=COMPARE, params=compare_params(challenger, both)).exists()


def test_who_is_promoted_is_measured_without_a_new_answer(project, version, blind, alice, serving):
    assert measure_later(project) is not None
    project.jobs.all().delete()
    assert measure_later(project) is None

    promote(version=version, author=alice, reason="To see.")
    assert measure_later(project) is not None
    project.jobs.filter(kind=MEASURE).delete()
    rollback(question=version.question, author=alice)

    assert measure_later(project) is not None


def test_the_list_of_versions_has_what_suggests_measured(
    project, question, blind, alice, client_of, serving
):
    live.refresh(project)

    client_of(alice).get(REGISTRY)

    assert "n = 36" in client_of(alice).get(REGISTRY).text
    assert ModelVersion.objects.get().main_figure["n"] == 36


def test_it_is_weighed_by_what_is_known_once_it_was_asked(project, version, taught, alice):
    """Also where nobody answers any more."""
    promote(version=version, author=alice, reason="To see.")

    [head] = live.refresh(project)

    assert head.head.share.weight < 0.5
    assert ModelVersion.objects.get(pk=head.model_version).base == version


@pytest.fixture
def uncertain(project):
    project.queue_order, project.reserve = QueueOrder.UNCERTAIN, 0
    project.save()
    return project


def in_order(project):
    slots = project.slots.filter(state="free").order_by("rank")
    return [slot.document for slot in slots.select_related("document")]


def read_by_the_encoder(documents, serving) -> None:
    texts = {one.text_hash: one.model_text for one in documents}
    vectors.encoded(serving.engine.name, serving.batcher, texts)


def test_the_order_follows_what_suggests(uncertain, version, serving, alice):
    documents = make_documents(uncertain, *[f"{word} a" for word in TOPICS.values()])
    read_by_the_encoder(documents, serving)
    wavering = documents[1]
    odds = {one.text_hash: np.array([9, 0, 0], dtype=np.float32) for one in documents}
    odds[wavering.text_hash] = np.array([1, 1, 0], dtype=np.float32)
    vectors.keep(encoder_of(version), odds)
    ModelVersion.objects.filter(pk=version.pk).update(stage=Stage.CHAMPION)

    rank_later(uncertain.pk, anew=True)

    assert in_order(uncertain)[0] == wavering


def test_a_ranking_reads_some_for_the_promoted_version_and_takes_the_rest_as_it_is(
    uncertain, version, serving, monkeypatch
):
    monkeypatch.setattr("inference.uncertainty.READ_FOR_CHOICES", 3)
    monkeypatch.setattr("inference.uncertainty.READ_AT_ONCE", 2)
    documents = make_documents(uncertain, *[f"refund {n}" for n in range(8)])
    read_by_the_encoder(documents, serving)
    ModelVersion.objects.filter(pk=version.pk).update(stage=Stage.CHAMPION)

    job = rank_later(uncertain.pk, anew=True)

    job.refresh_from_db()
    assert (job.state, job.result["Documents"]) == (JobState.DONE, 8)
    known = vectors.cached(encoder_of(version), {one.text_hash for one in documents})
    assert len(known) == 3


def test_the_order_follows_what_a_remote_version_said(uncertain, question, serving):
    documents = make_documents(uncertain, *[f"{word} a" for word in TOPICS.values()])
    read_by_the_encoder(documents, serving)
    remote = make_champion(question, name="Elsewhere", kind=ModelKind.REMOTE)
    first, second, _ = question.labels.all()
    sure = [{"label": first.pk, "score": 1.0, "offered": True}]
    unsure = [{"label": label.pk, "score": 0.5, "offered": True} for label in (first, second)]
    record(remote, documents, [sure, sure, unsure], "1")

    rank_later(uncertain.pk, anew=True)

    assert in_order(uncertain)[0] == documents[2]


def test_a_promotion_and_a_rollback_rank_anew(uncertain, version, serving, alice):
    read_by_the_encoder(make_documents(uncertain, "a", "b"), serving)
    ranked = uncertain.jobs.filter(kind=RANK)
    promote(version=version, author=alice, reason="To see.")
    promoted = ranked.latest("pk")

    rollback(question=version.question, author=alice)

    assert ranked.latest("pk").pk > promoted.pk
    assert Promotion.objects.count() == 2
