from __future__ import annotations

import numpy as np
import pytest

from inference import vectors
from inference.encoders.fake_engine import FakeEngine
from inference.models import Vector
from inference.vectors import Recent, cached, encoded, keep, text_hash

recent_of = vectors.recent.get
pytestmark = pytest.mark.django_db

TEXTS = {text_hash(text): text for text in ("a refund", "it is late", "well done")}


def test_vectors_are_computed_once_and_kept(serving, monkeypatch):
    first = encoded("fake", serving.batcher, TEXTS)
    monkeypatch.setattr(FakeEngine, "encode", lambda self, texts: pytest.fail("encoded again"))
    vectors.recent.clear()
    again = encoded("fake", serving.batcher, TEXTS)

    assert first.keys() == again.keys() == TEXTS.keys()
    assert all(np.array_equal(first[key], again[key]) for key in TEXTS)
    assert Vector.objects.count() == 3


def test_vectors_come_from_memory_or_in_one_query(serving, django_assert_num_queries):
    encoded("fake", serving.batcher, TEXTS)
    with django_assert_num_queries(1):
        assert cached("fake", TEXTS).keys() == TEXTS.keys()
    with django_assert_num_queries(0):
        assert cached("fake", TEXTS).keys() == TEXTS.keys()


def test_memory_knows_only_what_is_stored(django_capture_on_commit_callbacks):
    [key] = list(TEXTS)[:1]
    with django_capture_on_commit_callbacks() as stored:
        keep("one", {key: np.ones(3, dtype=np.float32)})
    assert recent_of("one", key) is None

    for remember in stored:
        remember()
    assert recent_of("one", key) is not None


def test_each_encoder_has_vectors_of_its_own():
    [key] = list(TEXTS)[:1]
    keep("one", {key: np.ones(3, dtype=np.float32)})

    assert cached("another", [key]) == {}


def test_keeping_twice_changes_nothing():
    [key] = list(TEXTS)[:1]
    keep("one", {key: np.ones(3, dtype=np.float32)})
    keep("one", {key: np.zeros(3, dtype=np.float32)})
    vectors.recent.clear()

    assert np.array_equal(cached("one", [key])[key], np.ones(3))


def test_memory_forgets_what_was_longest_unused():
    recent = Recent(capacity=2)
    for key in ("a", "b"):
        recent.put("one", key, np.ones(1, dtype=np.float32))
    recent.get("one", "a")
    recent.put("one", "c", np.ones(1, dtype=np.float32))

    assert [recent.get("one", key) is not None for key in "abc"] == [True, False, True]


@pytest.mark.parametrize("damage", [b"", b"\x00" * 8, b"\x00" * 7])
def test_a_damaged_row_counts_as_not_known(serving, damage):
    encoded("fake", serving.batcher, TEXTS)
    vectors.recent.clear()
    broken = next(iter(TEXTS))
    Vector.objects.filter(text_hash=broken).update(values=damage)

    assert cached("fake", TEXTS).keys() == TEXTS.keys() - {broken}
    np.stack(list(encoded("fake", serving.batcher, TEXTS).values()))
