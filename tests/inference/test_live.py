from __future__ import annotations

import numpy as np
import pytest

from inference import heads, live, vectors
from inference.encoding import encode_later
from inference.engine import Unavailable
from inference.models import ModelKind, ModelVersion, Stage
from inference.registry import keep_live_version
from labeling.undo import undo
from projects.models import Job, JobState
from tests.factories import answer, make_documents, make_label, make_question

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
    assert head.head.trust == 0


def test_answers_move_the_version_on(project, question, bob, encoded):
    refund, late = encoded("a refund", "it is late")
    answer(refund, bob, "Refund")
    first = answer(late, bob, "Late delivery")

    [head] = live.refresh(project)

    assert head.version == f"1.{first.event.pk}"
    assert head.head.trust > 0
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

    with django_assert_num_queries(5):  # questions, labels, last event and removal, last encoding
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
    with pytest.raises(FloatingPointError):
        live.refresh(project)

    assert live.latest(project.pk) is before


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
    live.forget_all()

    [head] = live.refresh(project)

    assert head.version == "2.0"
    stages = ModelVersion.objects.order_by("number").values_list("stage", flat=True)
    assert list(stages) == [Stage.ARCHIVED, Stage.CHAMPION]


def test_without_an_engine_there_is_nothing_to_refit(project, settings):
    settings.ENGINE = "off"

    with pytest.raises(Unavailable):
        live.refresh(project)
