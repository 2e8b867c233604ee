from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from inference import engine, legibility, vectors
from inference.choices.heads import wording
from inference.legibility import FEWEST_ANSWERS, Guesses, Legibility, measured
from tests.factories import answer, make_documents, make_project
from tests.inference.test_bert_engine import minilm  # noqa: F401 - a fixture

SIB200 = (
    Path(os.environ.get("BENCH_DATA", Path(__file__).parents[3] / "shared" / "data")) / "sib200"
)


def told(project, *, zero: int = 0, ones: int = 0, text: str = "谢谢") -> Legibility:
    """What is said of a project with so many unread and read texts."""
    documents = make_documents(project, *[f"{text} {number}" for number in range(zero + ones)])
    known = {
        document.text_hash: np.full(64, float(place >= zero), dtype=np.float32)
        for place, document in enumerate(documents)
    }
    vectors.keep("one", known)
    return measured(project, encoder="one", title="MiniLM")


def test_texts_without_a_vector_of_their_own_are_told(project):
    found = told(project, zero=8, ones=4)

    assert (found.sampled, found.unread, found.verdict) == (12, 8, "unread")
    assert found.sentence.startswith(
        "The built-in model could not read 67 % of a sample of 12 texts"
    )
    assert "It reads English." in found.sentence


def test_what_another_encoder_reads_is_not_claimed(project, settings):
    settings.ENCODER = "/models/other"

    assert "English" not in told(project, zero=12).sentence


@pytest.mark.parametrize(
    ("zero", "ones", "text"),
    [(0, 12, "thanks"), (2, 12, "thanks"), (9, 0, "谢谢"), (12, 0, "42 🎉"), (0, 0, "")],
)
def test_nothing_is_said_of_few_texts_or_of_texts_without_letters(project, zero, ones, text):
    found = told(project, zero=zero, ones=ones, text=text)

    assert found.verdict == ""
    assert found.sentence == ""


@pytest.mark.parametrize(
    ("right", "by_chance", "are_chance"),
    [(10, 10.0, True), (14, 10.0, True), (15, 10.0, False), (0, 10.0, True), (30, 10.0, False)],
)
def test_a_guess_is_better_than_chance_only_if_clearly_so(right, by_chance, are_chance):
    assert Guesses("topic", 30, right, by_chance).are_chance is are_chance


def answered(project, bob, texts_of) -> Legibility:
    """Of 36 answered texts that `texts_of` makes of each label, and read wordings."""
    question = project.questions.get(name="topic")
    labels = list(question.labels.all())
    texts = [texts_of(place, labels[place % len(labels)]) for place in range(36)]
    for place, document in enumerate(make_documents(project, *texts)):
        answer(document, bob, labels[place % len(labels)])
    batcher = engine.serving().batcher
    read = [*texts, *(wording(label.name, label.description) for label in labels)]
    vectors.encoded("fake", batcher, {vectors.text_hash(text): text for text in read})
    return measured(project, encoder="fake", title="Fake encoder")


def test_labels_that_say_nothing_of_the_texts_are_told(project, bob, serving):
    found = answered(project, bob, lambda place, label: f"qu{place * 7 % 11} zu{place * 5 % 13}")

    assert found.guesses[0].n == 36
    assert found.verdict == "chance"
    assert "answers to “" in found.sentence


def test_labels_that_can_be_guessed_are_fine(project, bob, serving):
    found = answered(project, bob, lambda place, label: f"{label.name} {label.name} x{place}")

    assert found.guesses[0].right >= 30
    assert found.verdict == ""


def test_too_few_answers_say_nothing(project, bob, serving, monkeypatch):
    monkeypatch.setattr(legibility, "FEWEST_ANSWERS", 37)

    assert FEWEST_ANSWERS == 30
    assert answered(project, bob, lambda place, label: f"qu{place}").guesses == ()


def test_blind_documents_are_left_out(project, bob, serving):
    make_documents(project, count=1)
    project.documents.update(in_reserve=True, display_coin=0.1)
    found = answered(project, bob, lambda place, label: f"qu{place}")
    assert found.guesses

    project.documents.update(in_reserve=True, display_coin=0.1)
    assert measured(project, encoder="fake", title="Fake encoder").guesses == ()


def test_without_an_engine_nothing_is_asked(project, settings, django_assert_num_queries):
    settings.ENGINE = "off"

    with django_assert_num_queries(0):
        assert legibility.of(project) == Legibility()


@pytest.mark.parametrize("page", ["/projects/tickets/models/", "/projects/tickets/"])
def test_an_owner_is_told_on_the_pages(client_of, project, alice, serving, page):
    documents = make_documents(project, *[f"谢谢 {number}" for number in range(12)])
    zero = np.zeros(64, dtype=np.float32)
    vectors.keep("fake", {document.text_hash: zero for document in documents})

    told_there = client_of(alice).get(page).content.decode()

    assert "Fake encoder could not read 100 % of a sample of 12 texts" in told_there
    assert "<code>ENCODER</code>" in told_there


def test_others_are_not_bothered_with_it(client_of, project, bob, serving):
    told(project, zero=12)

    assert "could not read" not in client_of(bob).get("/projects/tickets/").content.decode()


def test_what_was_found_is_remembered(project, serving, django_assert_num_queries):
    make_documents(project, count=3)
    first = legibility.of(project)

    with django_assert_num_queries(0):
        assert legibility.of(project) == first


@pytest.mark.slow
@pytest.mark.skipif(not SIB200.is_dir(), reason="sib200 is not there")
@pytest.mark.parametrize(
    ("language", "verdict"),
    [
        ("eng_Latn", ""),
        ("deu_Latn", ""),
        ("jpn_Jpan", "unread"),
        ("heb_Hebr", "unread"),
        ("arb_Arab", "unread"),
        ("hin_Deva", "unread"),
    ],
)
def test_real_texts_that_an_english_encoder_cannot_read(minilm, db, language, verdict):  # noqa: F811
    lines = (SIB200 / language / "test.tsv").read_text(encoding="utf-8").splitlines()[1:41]
    texts = [line.split("\t")[2] for line in lines]
    project = make_project()
    documents = make_documents(project, *texts)
    rows = dict(zip((one.text_hash for one in documents), minilm.encode(texts), strict=True))
    vectors.keep(minilm.name, rows)

    found = measured(project, encoder=minilm.name, title=minilm.title)

    assert found.verdict == verdict
    assert verdict == "" or found.share_unread > 0.8
