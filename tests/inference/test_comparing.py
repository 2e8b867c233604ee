"""Two versions side by side: the difference and its interval, labels, and where they differ."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from inference.comparing.difference import difference, interval

BOTH, FIRST, SECOND, NEITHER = (1, 1, 1, 1), (1, 1, 0, 1), (0, 1, 1, 1), (0, 1, 0, 1)


def rows(*kinds):
    return np.array(kinds, dtype=np.float64).reshape(-1, 4)


def every_resample(documents):
    """The difference in each of the n^n resamples: the bootstrap distribution itself."""
    drawn = documents[np.array(list(product(range(len(documents)), repeat=len(documents))))]
    sums = drawn.sum(axis=1)
    return sums[:, 2] / sums[:, 3] - sums[:, 0] / sums[:, 1]


@pytest.mark.parametrize(
    "documents",
    [
        rows(BOTH, FIRST, SECOND, SECOND, NEITHER, SECOND),
        rows((2, 3, 1, 2), (0, 1, 2, 2), (1, 2, 1, 3), (0, 1, 1, 1), (3, 4, 2, 3)),
    ],
    ids=["right and wrong", "F1"],
)
def test_the_interval_is_that_of_every_possible_resample(documents):
    exact = np.percentile(every_resample(documents), [2.5, 97.5])

    assert interval(documents, resamples=200_000) == pytest.approx(exact, abs=0.02)


def test_the_difference_is_the_second_less_the_first():
    found = difference(rows(*[BOTH] * 60, *[FIRST] * 10, *[SECOND] * 30))

    assert (found["value"], found["n"]) == (0.2, 100)
    assert 0.05 < found["low"] < 0.2 < found["high"] < 0.35


def test_it_turns_around_with_the_two():
    documents = rows(*[BOTH] * 50, *[FIRST] * 5, *[SECOND] * 25, *[NEITHER] * 20)
    one, other = difference(documents), difference(documents[:, [2, 3, 0, 1]])

    assert other["value"] == -one["value"]
    assert other["low"] == pytest.approx(-one["high"], abs=0.02)
    assert other["high"] == pytest.approx(-one["low"], abs=0.02)


def test_no_documents_say_nothing():
    assert difference(rows()) == {"value": 0.0, "low": -1.0, "high": 1.0, "n": 0}


def test_documents_that_all_agree_are_no_certainty():
    found = difference(rows(*[BOTH] * 30))

    assert found["value"] == 0
    assert found["low"] < -0.02 < 0.02 < found["high"]


def test_a_few_lucky_documents_are_no_win():
    assert difference(rows(*[BOTH] * 26, *[SECOND] * 4))["low"] <= 0
    assert difference(rows(*[BOTH] * 20, *[SECOND] * 10))["low"] > 0


def test_where_nothing_was_said_or_asked_there_is_no_score():
    assert difference(rows((0, 0, 0, 0), (0, 0, 0, 0)))["value"] == 0


@pytest.mark.parametrize(("only_first", "only_second"), [(0.1, 0.1), (0.02, 0.02), (0.05, 0.15)])
def test_intervals_cover_the_true_difference_about_as_often_as_they_say(only_first, only_second):
    chance, runs, n = np.random.default_rng(7), 400, 80
    kinds = rows(BOTH, FIRST, SECOND)
    shares = [1 - only_first - only_second, only_first, only_second]
    true, covered, won = only_second - only_first, 0, 0
    for counts in chance.multinomial(n, shares, runs):
        found = difference(np.repeat(kinds, counts, axis=0))
        covered += found["low"] <= true <= found["high"]
        won += found["low"] > 0
    # Three standard errors of a share of 0.95 are 0.033; too wide is allowed, too narrow is not.
    assert covered / runs >= 0.917
    if not true:
        assert won / runs <= 0.05
