from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.spans.bio import Mark, decode, runs_of, tag_count, tags_of
from inference.spans.words import word_places

TEXT = "one two three four"
PLACES = word_places(TEXT)


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([Mark(0, 3, 0)], [(0, 1, 0)]),
        ([Mark(0, 7, 1), Mark(4, 7, 0)], [(0, 2, 1)]),
        ([Mark(4, 7, 0), Mark(0, 7, 1)], [(0, 2, 1)]),
        ([Mark(0, 13, 0), Mark(8, 18, 1)], [(0, 3, 0)]),
        ([Mark(0, 3, 1), Mark(0, 3, 0)], [(0, 1, 0)]),
        ([Mark(5, 6, 0)], [(1, 2, 0)]),
        ([Mark(3, 4, 0)], []),
    ],
    ids=["a word", "the outer one", "in any order", "the longer one", "the first", "inside", "gap"],
)
def test_marks_become_words_that_share_nothing(marks, expected):
    assert runs_of(marks, PLACES) == expected


def test_two_spans_side_by_side_stay_two():
    tags = tags_of([(0, 2, 0), (2, 3, 0)], 4)

    assert tags.tolist() == [1, 2, 1, 0]
    sure = np.eye(3, dtype=np.float32)[tags]
    assert [(run.first, run.last) for run in decode(sure)] == [(0, 2), (2, 3)]


probabilities = st.integers(1, 2).flatmap(
    lambda columns: st.lists(
        st.lists(st.integers(1, 50), min_size=tag_count(columns), max_size=tag_count(columns)),
        min_size=1,
        max_size=4,
    )
)


def means_something(tags) -> bool:
    return all(
        tag == 0 or tag % 2 or (place and tags[place - 1] in (tag - 1, tag))
        for place, tag in enumerate(tags)
    )


@settings(deadline=None)
@given(probabilities)
def test_decoding_agrees_with_counting_every_sequence(rows):
    shares = np.array(rows, dtype=np.float32)
    shares /= shares.sum(axis=1, keepdims=True)
    weight = {
        tags: np.prod([shares[place, tag] for place, tag in enumerate(tags)], dtype=np.float64)
        for tags in product(range(shares.shape[1]), repeat=len(shares))
        if means_something(tags)
    }
    total = sum(weight.values())

    runs = decode(shares)

    best = tuple(tags_of([run[:3] for run in runs], len(shares)).tolist())
    assert weight[best] == pytest.approx(max(weight.values()))
    for first, last, column, score in runs:
        exactly = sum(
            of
            for tags, of in weight.items()
            if tags[first] == 1 + 2 * column
            and all(tag == 2 + 2 * column for tag in tags[first + 1 : last])
            and (last == len(tags) or tags[last] != 2 + 2 * column)
        )
        assert score == pytest.approx(exactly / total, rel=1e-4)


def test_no_words_hold_no_spans():
    assert decode(np.zeros((0, 3), dtype=np.float32)) == []
