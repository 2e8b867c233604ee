"""The difference between two versions on the same documents, with its 95 % interval."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from inference.measuring.intervals import HIGH, LOW, SEED, Doubles, divided

RESAMPLES = 10_000
AT_ONCE = 500
"""Resamples drawn together, so that memory stays small where no two documents are alike."""
ONE_EACH_WAY = np.array([[1.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 1.0]])


class Difference(TypedDict):
    """Second minus first, between -1 and 1, from n documents; ready for JSON."""

    value: float
    low: float
    high: float
    n: int


def difference(rows: Doubles) -> Difference:
    """How much higher the second version scores, from (n, 4): parts and wholes of both.

    A version's score is sum(parts) / sum(wholes): accuracy, recall, precision or F1. The paired
    bootstrap resamples documents (Efron 1979; for two systems on one test set: Koehn 2004). Two
    documents are added, one that only the first got right and one that only the second did, as
    Bonett & Price (2012) do for paired proportions: without them a few documents that happen to
    agree would look certain.
    """
    n = len(rows)
    if not n:
        return Difference(value=0.0, low=-1.0, high=1.0, n=0)
    value = float(np.nan_to_num(_scores(rows.sum(axis=0))))
    low, high = interval(np.vstack([rows, ONE_EACH_WAY]))
    return Difference(
        value=round(value, 5),
        low=round(min(low, value), 5),
        high=round(max(high, value), 5),
        n=n,
    )


def interval(rows: Doubles, resamples: int = RESAMPLES) -> tuple[float, float]:
    """The middle 95 % of what (n, 4) come to when n documents are drawn from them.

    Documents that are alike are drawn as one kind, by their number: the same distribution, and
    a few kinds are all that there is of right and wrong.
    """
    kinds, counts = np.unique(rows, axis=0, return_counts=True)
    chance, n = np.random.default_rng(SEED), len(rows)
    drawn = [
        _scores(chance.multinomial(n, counts / n, min(AT_ONCE, resamples - start)) @ kinds)
        for start in range(0, resamples, AT_ONCE)
    ]
    low, high = np.nanpercentile(np.concatenate(drawn), [LOW, HIGH])
    return float(low), float(high)


def _scores(sums: Doubles) -> Doubles:
    """(..., 4) to (...): the second's score less the first's; NaN where there is no whole."""
    return divided(sums[..., 2], sums[..., 3]) - divided(sums[..., 0], sums[..., 1])
