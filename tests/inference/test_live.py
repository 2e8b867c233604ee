from __future__ import annotations

import uuid

import numpy as np
import pytest
import safetensors.numpy

from corpus.erase import erase
from inference import live, turns, vectors
from inference.choices import heads
from inference.encoding import encode_later
from inference.engine import Unavailable
from inference.models import LiveWeights, ModelKind, ModelVersion, Stage
from inference.registry import keep_live_version
from labeling.delete_documents import delete_documents
from labeling.merge_labels import merge_labels
from labeling.models import Event
from labeling.undo import undo
from labeling.withdraw import withdraw
from projects.models import Job, JobState
from tests.factories import answer, make_documents, make_label, make_question
from tests.labeling.test_concurrency import together

BLIND = {"in_reserve": True, "display_coin": 0.1}
OPEN = {"in_reserve": True, "display_coin": 0.9}


@pytest.fixture
def encoded(project, serving):
    """Documents about one thing each, their vectors known."""

    def make(*texts: str, **fields):
        documents = make_documents(project, *texts, **fields)
        vectors.encoded(
            serving.engine.name,
            serving.batcher,
            {document.text_hash: document.model_text for document in documents},
        )
        return documents

    return make


def learned(project) -> dict[str, object]:
    [head] = live.refresh(project)
    row = ModelVersion.objects.get(pk=head.model_version)
    assert head.version == row.version
    return row.parameters


def test_without_answers_a_question_is_served_from_its_wording(project, question, serving):
    [head] = live.refresh(project)

    assert head.question == question.pk
    assert head.labels == tuple(question.labels.values_list("pk", flat=True))
    assert head.version == "1.0"
    assert ModelVersion.objects.get().parameters["answers"] == 0


def test_answers_move_the_version_on(project, question, bob, encoded):
    refund, late = encoded("a refund", "it is late")
    answer(refund, bob, "Refund")
    first = answer(late, bob, "Late delivery")

    [head] = live.refresh(project)

    assert head.version == f"1.{first.event.pk}"
    row = ModelVersion.objects.get()
    assert row.kind == ModelKind.LIVE
    assert row.stage == Stage.CHAMPION
    assert row.last_event == first.event
    assert row.parameters["answers"] == 2
    assert row.metrics == {}
    assert "numpy" in row.environment


@pytest.mark.parametrize(
    ("fields", "answers"),
    [({}, 1), (OPEN, 1), (BLIND, 0), ({"imported_split": "test"}, 0)],
    ids=["outside the reserve", "open", "blind", "imported test"],
)
def test_no_version_learns_from_a_blind_document(project, bob, encoded, fields, answers):
    [document] = encoded("a refund", **fields)
    answer(document, bob, "Refund")

    assert learned(project)["answers"] == answers


def test_an_answer_to_a_blind_document_moves_no_version(project, bob, encoded):
    seen, hidden = *encoded("a refund"), *encoded("it is late", **BLIND)
    answer(seen, bob, "Refund")
    before = live.refresh(project)

    answer(hidden, bob, "Late delivery")

    assert live.refresh(project) is before


def test_what_is_undone_is_forgotten(project, bob, encoded):
    [document] = encoded("a refund")
    answer(document, bob, "Refund")
    assert learned(project)["answers"] == 1

    undo(project=project, annotator=bob, client_id="6d0f3c5e-0000-4000-8000-000000000001")

    assert learned(project)["answers"] == 0


def test_surplus_and_disputed_answers_teach_nothing(project, bob, dora, encoded):
    project.overlap = 2
    project.save(update_fields=["overlap"])
    [document] = encoded("a refund, late")
    answer(document, bob, "Refund")
    assert learned(project)["answers"] == 1

    answer(document, dora, "Late delivery")

    assert learned(project)["answers"] == 0


def test_answers_without_vectors_wait_for_them(project, bob, serving):
    [document] = make_documents(project, "a refund")
    answer(document, bob, "Refund")
    assert learned(project)["answers"] == 0

    job = encode_later(project)

    assert Job.objects.get(pk=job.pk).state == JobState.DONE
    assert learned(project)["answers"] == 1


def test_nothing_new_fits_nothing(project, encoded, django_assert_num_queries):
    encoded("a refund")
    before = live.refresh(project)

    # Questions, labels; last event, removal, encoding, surplus; what is wanted.
    with django_assert_num_queries(8):
        assert live.refresh(project) is before


def test_other_words_for_a_label_are_a_new_head(project, question, encoded):
    before = live.refresh(project)
    question.labels.filter(name="Refund").update(description="Somebody wants money back.")

    after = live.refresh(project)

    assert after is not before
    assert not np.array_equal(after[0].head.prototypes, before[0].head.prototypes)


def test_a_new_label_joins_at_the_next_fit(project, question, encoded):
    live.refresh(project)
    label = make_label(question, "Broken", position=9)

    [head] = live.refresh(project)

    assert head.labels[-1] == label.pk


def test_each_question_has_its_own_head(project, question, serving):
    tone = make_question(project, "tone", labels=["Kind", "Angry"], multiple=True)
    make_question(project, "single", labels=["Only"])
    names = make_question(project, "names", labels=["Person"], kind="span")

    heads_served = live.refresh(project)

    assert [head.question for head in heads_served] == [question.pk, tone.pk, names.pk]
    assert [head.version for head in heads_served] == ["1.0", "1.0", "1.0"]


def test_a_fit_that_fails_leaves_the_last_good_head(project, bob, encoded, monkeypatch):
    [document] = encoded("a refund")
    before = live.refresh(project)
    answer(document, bob, "Refund")

    def broken(**_):
        raise FloatingPointError("the fit did not converge")

    monkeypatch.setattr(heads, "fit", broken)
    [after] = live.refresh(project)

    assert after.head is before[0].head
    assert not live.has_news(project.pk)  # it is not tried all the time
    monkeypatch.undo()
    assert live.refresh(project)[0].version != before[0].version


def test_a_slower_process_moves_no_version_back(project, question, bob, encoded, serving):
    first, second = encoded("a refund", "it is late")
    older = answer(first, bob, "Refund").event
    newer = answer(second, bob, "Late delivery").event
    live.refresh(project)

    keep_live_version(question=question, engine=serving.engine, last_event=older.pk, facts={})

    assert ModelVersion.objects.get().last_event == newer


def test_another_encoder_starts_a_version_and_archives_the_old(project, serving):
    live.refresh(project)
    ModelVersion.objects.update(encoder="earlier-00000000", name="Earlier live")
    for row in LiveWeights.objects.all():
        row.stamp["encoder"] = "earlier-00000000"
        row.save()
    live.forget_all()

    [head] = live.refresh(project)

    assert head.version == "2.0"
    stages = ModelVersion.objects.order_by("number").values_list("stage", flat=True)
    assert list(stages) == [Stage.ARCHIVED, Stage.CHAMPION]


def test_without_an_engine_there_is_nothing_to_refit(project, settings):
    settings.ENGINE = "off"

    with pytest.raises(Unavailable):
        live.refresh(project)


@pytest.fixture
def no_fit(monkeypatch):
    """From now on whoever fits breaks the test."""

    def forbid() -> None:
        def fit(**_):
            raise AssertionError("fitted, not loaded")

        monkeypatch.setattr(heads, "fit", fit)

    return forbid


def test_after_a_restart_weights_are_read_and_not_fitted(project, bob, encoded, no_fit):
    refund, late = encoded("a refund", "it is late")
    answer(refund, bob, "Refund")
    answer(late, bob, "Late delivery")
    [before] = live.refresh(project)
    live.forget_all()
    no_fit()

    [after] = live.refresh(project)

    assert (after.version, after.name, after.labels) == (before.version, before.name, before.labels)
    asked = np.eye(4, before.head.prototypes.shape[1], dtype=np.float32)
    assert np.allclose(after.head.probabilities(asked), before.head.probabilities(asked), atol=0.01)


def test_weights_are_safetensors(project, encoded, serving):
    live.refresh(project)

    assert set(safetensors.numpy.load(bytes(LiveWeights.objects.get().values))) >= {"prototypes"}


@pytest.mark.parametrize("damage", [b"", b"\x00" * 100, None], ids=["empty", "zeros", "cut short"])
def test_damaged_weights_are_fitted_again(project, bob, encoded, caplog, damage):
    [document] = encoded("a refund")
    answer(document, bob, "Refund")
    [before] = live.refresh(project)
    row = LiveWeights.objects.get()
    row.values = bytes(row.values)[:-50] if damage is None else damage
    row.save()
    live.forget_all()

    [after] = live.refresh(project)

    assert after.version == before.version
    assert "weights_damaged" in caplog.text
    live.forget_all()
    caplog.clear()
    live.refresh(project)
    assert "weights_damaged" not in caplog.text


def test_what_another_process_fitted_is_read(project, bob, encoded, no_fit):
    [document] = encoded("a refund")
    live.refresh(project)
    here = dict(live._held)
    answer(document, bob, "Refund")
    [there] = live.refresh(project)
    live._held.clear()
    live._held.update(here)
    no_fit()
    assert live.has_news(project.pk)

    [head] = live.refresh(project)

    assert head.version == there.version != here[project.pk][0].version
    assert not live.has_news(project.pk)


def test_while_another_process_fits_the_last_good_head_serves(project, question, bob, encoded):
    [document] = encoded("a refund")
    [before] = live.refresh(project)
    answer(document, bob, "Refund")
    turns.want([question.pk])
    [theirs] = turns.take([question.pk])

    assert live.refresh(project) == (before,)

    with turns.kept([theirs]):
        pass
    assert live.refresh(project)[0].version != before.version


def test_whoever_comes_while_the_first_head_is_being_fitted_is_told(project, question, encoded):
    turns.want([question.pk])
    turns.take([question.pk])

    with pytest.raises(Unavailable, match="learned nothing yet"):
        live.refresh(project)


def test_who_was_overtaken_while_fitting_keeps_what_the_other_stored(
    project, question, bob, encoded, monkeypatch
):
    [document] = encoded("a refund")
    [before] = live.refresh(project)
    answer(document, bob, "Refund")
    fit = heads.fit

    def slow(**learned):
        LiveWeights.objects.update(fence=99, owner="somebody else")
        return fit(**learned)

    monkeypatch.setattr(heads, "fit", slow)
    [after] = live.refresh(project)

    assert after.head is before.head
    assert LiveWeights.objects.get().version == before.version


def test_one_question_that_cannot_be_fitted_stops_no_other(
    project, question, bob, encoded, monkeypatch, caplog
):
    names = make_question(project, "names", labels=["Person"], kind="span")
    encoded("a refund")

    def broken(*_):
        raise FloatingPointError("the fit did not converge")

    monkeypatch.setattr(live, "fit_choice", broken)

    assert [head.question for head in live.refresh(project)] == [names.pk]
    assert "refit_failed" in caplog.text


def _withdraw(document, owner):
    annotation = document.annotations.get()
    withdraw(annotation=annotation, owner=owner, reason="wrong", client_id=uuid.uuid4())


def _delete(document, owner):
    delete_documents(project=document.project, documents=[document.pk], owner=owner)


def _erase(document, owner):
    erase(document=document, owner=owner, reason="asked to", client_id=uuid.uuid4())


@pytest.mark.parametrize("act", [_withdraw, _delete, _erase])
def test_what_is_taken_out_leaves_no_trace_in_the_next_head(project, bob, alice, encoded, act):
    stays, goes = encoded("a refund", "it is late")
    answer(stays, bob, "Refund")
    [without] = live.refresh(project)
    answer(goes, bob, "Late delivery")
    [taught] = live.refresh(project)
    assert not np.array_equal(taught.head.prototypes, without.head.prototypes)

    act(goes, alice)

    assert learned(project)["answers"] == 1
    [after] = live.latest(project.pk)
    assert np.allclose(after.head.prototypes, without.head.prototypes, atol=1e-6)


def test_a_merged_label_has_no_column(project, question, bob, alice, encoded):
    [document] = encoded("a refund")
    answer(document, bob, "Refund")
    live.refresh(project)
    source, target = question.labels.get(name="Refund"), question.labels.get(name="Praise")

    merge_labels(source=source, target=target, owner=alice, tell=lambda _: None)

    [head] = live.refresh(project)
    assert source.pk not in head.labels
    assert learned(project)["answers"] == 1


@pytest.mark.django_db(transaction=True)
def test_processes_that_answer_at_once_end_with_one_head_that_knows_everything(
    project, bob, encoded
):
    """Real threads as processes: each answers and refreshes; the last version is everybody's."""
    documents = encoded(*[f"a refund, number {n}" for n in range(8)])
    live.refresh(project)

    def process(document):
        answer(document, bob, "Refund")
        turns.want_all(project.pk)
        live.refresh(project)

    together(process, documents)

    last = Event.objects.order_by("-pk").first()
    row = LiveWeights.objects.get()
    assert row.wanted == row.fitted
    assert row.version == f"1.{last.pk}"
    assert learned(project)["answers"] == 8
