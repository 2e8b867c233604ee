"""Whether the model is right as often as it says: a reliability plot (Murphy & Winkler 1977)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.measuring.intervals import (
    ENOUGH,
    Doubles,
    Estimate,
    bootstrapped,
    divided,
    resamples,
    share,
)
from inference.measuring.outcomes import Outcome
from labeling.items import pick_of

Rows = NDArray[np.intp]
FEWEST, MOST = 5, 10
IN_A_BIN = 30


class Scored(NamedTuple):
    """Suggested items, all (m,): the score, whether it was right, the document it belongs to."""

    scores: Doubles
    right: Doubles
    documents: Rows


def reliability(outcomes: Sequence[Outcome], *, several: bool) -> dict[str, Any]:
    """Bins of equal mass by the score given, each with how often it came true, and the ECE.

    Of a single choice the first label counts; of several labels, and of spans, every item that
    was scored.
    """
    scored = _scored(outcomes, several=several)
    n = len(scored.scores)
    if n < ENOUGH:
        return {"n": n, "bins": []}
    bins = np.array_split(np.argsort(scored.scores, kind="stable"), bin_count(n))
    return {
        "n": n,
        "bins": [
            {
                "said": round(float(scored.scores[rows].mean()), 5),
                **share(int(scored.right[rows].sum()), len(rows)),
            }
            for rows in bins
        ],
        "ece": _ece(scored, bins, len(outcomes)),
    }


def bin_count(n: int) -> int:
    """From 5 to 10, so that there are about 30 in each where there can be."""
    return max(FEWEST, min(MOST, n // IN_A_BIN))


def _scored(outcomes: Sequence[Outcome], *, several: bool) -> Scored:
    rows = [
        (item["score"], pick_of(item) in outcome.answered, document)
        for document, outcome in enumerate(outcomes)
        for item in (outcome.said if several else outcome.said[:1])
    ]
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return Scored(table[:, 0], table[:, 1], table[:, 2].astype(np.intp))


def _ece(scored: Scored, bins: Sequence[Rows], documents: int) -> Estimate:
    """Expected calibration error: the gaps of the bins, weighed by their mass.

    It cannot be negative, so few answers make it look worse than it is.
    """
    weights = resamples(documents)[:, scored.documents]
    gaps, value = np.zeros(len(weights)), 0.0
    for rows in bins:
        gap = (scored.right - scored.scores)[rows]
        value += abs(gap.sum()) / len(scored.scores)
        gaps += np.abs(weights[:, rows] @ gap)
    return bootstrapped(value, divided(gaps, weights.sum(axis=1)), len(scored.scores))
