"""What texts that nobody has answered teach a training, and when they are left out of it."""

from __future__ import annotations

import numpy as np
import pytest

from corpus.versions.freeze import freeze
from inference.training import unlabelled
from inference.training.base import base
from inference.training.lessons import lessons_of
from inference.training.network import Network
from inference.training.rows import as_tensors, from_tensors, rows_of
from inference.training.settings import TrainingSettings
from inference.training.unlabelled import guessed, unlabelled_texts
from tests.factories import make_documents
from tests.inference.training_data import WORDS, answered, make_base, texts


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory):
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(autouse=True)
def _here(settings, tmp_path, base_folder):
    settings.ENCODER = str(base_folder)
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.TORCH_THREADS = 1


@pytest.fixture
def lessons(project, question, bob):
    answered(project, bob, 60)
    return lessons_of(freeze(project=project), question)


@pytest.fixture(autouse=True)
def _bags_of_words(monkeypatch):
    """Vectors that tell what a text is about, which a random encoder's do not."""

    def states(network, rows):
        bags = np.full((len(rows), 100), 0.01, dtype=np.float32)
        for bag, row in zip(bags, rows, strict=True):
            np.add.at(bag, np.array(row.parts[0]) % 100, 1)
        bags[:, 5 : 5 + len(WORDS)] *= 4
        return bags, bags

    monkeypatch.setattr(unlabelled, "states", states)


def asked(lessons):
    settled = TrainingSettings().settled(lessons.task, len(lessons.train))
    network = Network.fresh(base(), lessons, settled)
    return network, *(
        rows_of(part, lessons, network.pieces) for part in (lessons.train, lessons.validation)
    )


def test_only_texts_outside_the_version_are_read_and_no_blind_ones(project, lessons, bob):
    free = make_documents(project, "an order nobody answered", "an order nobody answered", "a box")
    make_documents(project, "a blind one", imported_split="test")
    answered(project, bob, 3, seed=9, imported_split="calibration")

    assert sorted(unlabelled_texts(project, lessons)) == sorted({one.texts["text"] for one in free})


def test_what_a_text_is_like_is_what_it_is_taken_for(lessons):
    free = texts(90, seed=11)

    rows = guessed(*asked(lessons), [text for text, _ in free])

    names = list(lessons.labels)
    right = [
        names[row.target.argmax()] == label for row, (_, label) in zip(rows, free, strict=True)
    ]
    assert np.mean(right) > 0.9
    assert np.allclose([row.target.sum() for row in rows], 1, atol=1e-4)


def test_they_are_left_out_where_leaning_on_them_makes_more_mistakes(lessons, monkeypatch):
    network, rows, validation = asked(lessons)
    free = [text for text, _ in texts(90, seed=11)]
    assert guessed(network, rows, validation, free)

    dice = np.random.default_rng(1)
    monkeypatch.setattr(
        unlabelled,
        "_leaned",
        lambda near, vectors: dice.normal(size=vectors.shape).astype(np.float32),
    )

    assert guessed(network, rows, validation, free) == []


def test_a_handful_of_texts_is_no_neighbourhood(lessons):
    assert guessed(*asked(lessons), ["a box", "an order"]) == []


def test_rows_are_the_same_after_they_were_stored(lessons):
    rows = guessed(*asked(lessons), [f"{text} " * 40 for text, _ in texts(30, seed=12)])
    assert max(len(row.parts) for row in rows) > 1

    again = from_tensors(as_tensors(rows))

    assert [row.parts for row in again] == [row.parts for row in rows]
    assert np.array_equal([row.target for row in again], [row.target for row in rows])
    assert from_tensors({}) == []
    assert len(WORDS) == rows[0].target.size
