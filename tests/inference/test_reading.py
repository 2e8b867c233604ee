from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.encoders.reading import MOST_WINDOWS, OVERLAP, Reading, merged, windows


def cut(costs: list[int], room: int):
    places = np.array([(3 * row, 3 * row + 2) for row in range(len(costs))], dtype=np.int32)
    return list(windows(places.reshape(-1, 2), costs, room=room))


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=60), st.integers(10, 40))
def test_every_word_comes_from_exactly_one_window_that_holds_it(costs, room):
    cuts = cut(costs, room)

    given_words = [word for window in cuts for word in range(window.first, window.last)]
    assert given_words == list(range(len(costs)))
    for window in cuts:
        assert window.start == 3 * window.base
        last_held = (window.end - 2) // 3
        assert window.base <= window.first
        assert window.last - 1 <= last_held
        assert sum(costs[window.base : last_held + 1]) <= room


@settings(deadline=None)
@given(st.lists(st.integers(10, 30), min_size=1, max_size=10))
def test_a_word_longer_than_a_window_has_one_of_its_own(costs):
    assert [window.first for window in cut(costs, 5)] == list(range(len(costs)))


def test_a_short_text_is_one_window():
    [window] = cut([1] * 100, 510)

    assert (window.base, window.first, window.last) == (0, 0, 100)


def test_a_word_comes_from_where_it_has_most_context():
    first, second, *_ = cut([1] * 1000, 510)

    assert second.base == 510 - OVERLAP
    assert first.last == second.first == 510 - OVERLAP // 2


def test_no_text_has_no_window():
    assert cut([], 510) == []


def test_windows_are_put_together_word_by_word():
    cuts = cut([1] * 20, 10)
    readings = [
        Reading(None, np.arange(window.base, 20, dtype=np.float16)[:10, None]) for window in cuts
    ]

    states = merged(zip(cuts, readings, strict=True), 20, 1)

    assert states[:, 0].tolist() == list(range(20))


@pytest.mark.parametrize("words", [3000, 510 * MOST_WINDOWS])
def test_long_texts_are_read_to_the_end_or_left_unread(words, serving):
    text = " ".join(f"w{number % 7}" for number in range(words))

    [reading] = serving.batcher.read_all([text])

    assert len(reading.states) == words
    readable = reading.states.any(axis=1)
    last = (510 - OVERLAP) * (MOST_WINDOWS - 1) + 510 - OVERLAP // 2
    assert readable.sum() == min(words, last)
    assert readable[: min(words, last)].all()


async def test_a_text_read_alone_and_among_others_is_the_same(serving):
    texts = ["", "a text", " ".join(f"w{number % 7}" for number in range(1300))]

    together = serving.batcher.read_all(texts)

    for text, read in zip(texts, together, strict=True):
        alone = await serving.batcher.read(text)
        assert np.array_equal(alone.states, read.states)
        assert (alone.vector is None) == (read.vector is None) == (text != "a text")
