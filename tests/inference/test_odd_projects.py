"""Projects as they should not be, from the answers to what is suggested: never a crash, never a
label that is gone, and either a sensible suggestion or none.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

import numpy as np
import pytest

from inference import live, opening, suggesting, vectors
from inference.models import LiveWeights
from inference.spans import word_memory
from labeling.merge_labels import merge_labels
from labeling.spans import Span
from labeling.submit import Submission, submit
from tests.factories import answer, make_documents, make_label, make_question
from tests.inference.test_live import BLIND, encoded

__all__ = ["encoded"]
LONG = " ".join(["refund", "parcel", "again", "today"] * 2500) + " Zoe"


def items(project, document, serving) -> list[list[dict]]:
    """What a page would be sent of a document, question by question."""
    heads = live.refresh(project)
    opened = opening.known_of(document, serving.engine.name, opening.needs_of(heads))
    words = {
        text: word_memory.words_of(text, serving.batcher.read_all([text])[0].states)
        for _, text in document.fields()
    }
    vector = serving.batcher.encode_all([document.model_text])[0]
    filled = replace(opened, words=words, vector=vector)
    return [one.items for one in suggesting.suggest(filled, heads)]


def labels_in(found: list[list[dict]]) -> set[int]:
    return {item["label"] for one in found for item in one}


def first(found: list[list[dict]]) -> int | None:
    return found[0][0]["label"] if found[0] else None


@pytest.fixture
def names(project):
    return make_question(project, "names", labels=["Person"], kind="span", required=False)


def test_a_choice_of_one_label_is_no_choice(project, question, encoded, serving):
    [document] = encoded("a refund")
    question.labels.exclude(name="Refund").delete()

    assert live.refresh(project) == ()
    assert items(project, document, serving) == []


def test_a_question_without_labels_is_left_out(project, question, encoded, serving):
    [document] = encoded("a refund")
    question.labels.all().delete()

    assert items(project, document, serving) == []


def test_one_example_a_label_is_enough_to_be_told_apart(project, question, bob, encoded, serving):
    wanted = dict(question.labels.values_list("name", "pk"))
    texts = {"Refund": "money back money", "Late delivery": "still waiting", "Praise": "so lovely"}
    for document, name in zip(encoded(*texts.values()), texts, strict=True):
        answer(document, bob, name)

    for name, text in texts.items():
        [document] = encoded(f"{text} indeed")
        assert first(items(project, document, serving)) == wanted[name]


def test_answers_that_contradict_each_other_are_learned_as_they_are(project, bob, encoded, serving):
    for name in ("Refund", "Late delivery"):
        for document in encoded(*["the same words"] * 3):
            answer(document, bob, name)
    [document] = encoded("the same words")

    [one] = items(project, document, serving)

    assert all(item["score"] <= 0.6 for item in one)


def test_a_label_added_after_many_answers_can_be_suggested(
    project, question, bob, encoded, serving
):
    for document in encoded(*[f"a refund number {n}" for n in range(40)]):
        answer(document, bob, "Refund")
    late = make_label(question, "Invoice", description="invoice billing statement", position=9)
    [document] = encoded("invoice billing statement")

    assert late.pk in labels_in(items(project, document, serving))


def test_labels_merged_into_one_leave_no_trace(project, question, bob, alice, encoded, serving):
    for document, name in zip(
        encoded("a refund", "late again", "lovely"),
        ("Refund", "Late delivery", "Praise"),
        strict=True,
    ):
        answer(document, bob, name)
    live.refresh(project)
    into = question.labels.get(name="Refund")
    for source in question.labels.exclude(pk=into.pk):
        merge_labels(source=source, target=into, owner=alice, tell=lambda *_: None)
    [document] = encoded("late again today")

    assert labels_in(items(project, document, serving)) <= {into.pk}


def test_five_hundred_labels(project, question, bob, encoded, serving):
    question.labels.all().delete()
    for number in range(500):
        make_label(question, f"Topic{number}", description=f"word{number}", position=number)
    for document, number in zip(encoded("word7 a", "word8 b"), (7, 8), strict=True):
        answer(document, bob, f"Topic{number}")
    [document] = encoded("word7 again")

    found = items(project, document, serving)

    assert len(found[0]) <= 10
    assert first(found) in {None, question.labels.get(name="Topic7").pk}


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n", "?", "\u200b", LONG],
    ids=["empty", "space", "line", "sign", "hidden", "long"],
)
def test_texts_of_no_words_and_of_ten_thousand(project, names, bob, encoded, serving, text):
    [document] = encoded(text)
    submission = Submission(client_id=uuid.uuid4())
    refund = project.questions.get(name="topic").labels.get(name="Refund")
    at = text.rfind("Zoe")
    spans = [Span("text", at, at + 3, names.labels.get().pk)] if at >= 0 else []
    chosen = {refund.question_id: [refund.pk], names.pk: spans}

    submit(document=document, annotator=bob, chosen=chosen, submission=submission)
    [choice, found] = items(project, document, serving)

    assert all(0 <= item["score"] <= 1 for item in [*choice, *found])
    assert all(text[item["start"] : item["end"]].strip() for item in found)
    if at >= 0:  # the last words of a long text are as good as the first
        assert (at, at + 3) in {(item["start"], item["end"]) for item in found}


def test_vectors_that_are_no_numbers_are_not_learned_from(project, bob, encoded, serving):
    [broken] = make_documents(project, "broken")
    vectors.keep(serving.engine.name, {broken.text_hash: np.full(64, np.nan, dtype=np.float32)})
    answer(broken, bob, "Praise")
    for document in encoded("a refund one", "a refund two"):
        answer(document, bob, "Refund")
    [document] = encoded("a refund three")

    [one] = items(project, document, serving)

    assert np.isfinite([item["score"] for item in one]).all()


def test_no_answer_to_a_blind_document_changes_what_is_suggested(
    project, names, bob, dora, encoded, serving
):
    seen, hidden = encoded("Ada wants a refund"), encoded("Bea is late", **BLIND)
    answer(seen[0], bob, "Refund")
    live.refresh(project)
    before = {row.question_id: bytes(row.values) for row in LiveWeights.objects.all()}

    answer(hidden[0], bob, "Late delivery")
    answer(hidden[0], dora, "Praise")
    live.forget_all()
    LiveWeights.objects.all().delete()
    live.refresh(project)

    after = {row.question_id: bytes(row.values) for row in LiveWeights.objects.all()}
    assert len(after) == 2
    assert after == before
