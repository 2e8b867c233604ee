"""Which documents a frozen model may answer, so that few are wrong on average.

Conformal Labeling (arXiv 2510.14581), which is conformal selection (Jin and Candès, "Selection by
prediction with conformal p-values", JMLR 24, 2023) asked "is the model's answer wrong?". The
calibration sample is drawn uniformly from the documents that remain, so that it and the rest are
exchangeable, whatever was asked before and however alike texts are. Then, over repetitions of draw
and selection, the mean share of wrong answers among the selected is at most the target (none
selected counts as none wrong). It says nothing more about the one selection that was made.

Scores are higher where the model is surer. Any score keeps the bound; a good one selects more.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.measuring.intervals import Estimate

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEVEL = 0.95
SUREST = 1 / 3
"""What calibration is planned for: that the model is good enough on this share of the documents."""
LARGEST_AUDIT = 0.5
"""Of what was selected."""
STEP = 10
NEVER = -1.0
"""The score of a document about which the model says nothing: it is not selected."""


class Calibration(NamedTuple):
    """The answered sample: scores (n,), and whether the model was wrong (n,)."""

    scores: Doubles
    wrong: Mask


class Selection(NamedTuple):
    """`p_values` (m,) of the rest, and which of them are selected: those from `cutoff` on."""

    p_values: Doubles
    selected: Mask
    cutoff: float


def p_values(scores: Doubles, calibration: Calibration) -> Doubles:
    """(m,): of each document, whether the model is wrong about it.

    p_j = (1 + the number of wrong calibration documents with a score at least s_j) / (n + 1).
    A tie counts against the document. No p-value is below 1 / (n + 1).
    """
    wrong = np.sort(calibration.scores[calibration.wrong])
    surer = len(wrong) - np.searchsorted(wrong, scores, side="left")
    found: Doubles = (1 + surer) / (len(calibration.scores) + 1)
    return np.where(scores == NEVER, 1.0, found)


def select(scores: Doubles, calibration: Calibration, target: float) -> Selection:
    """The procedure of Benjamini and Hochberg (1995) on the p-values of the rest (m,)."""
    found = p_values(scores, calibration)
    limit = _limit(found, target)
    chosen: Mask = (found <= limit) & (scores != NEVER)
    cutoff = float(scores[chosen].min()) if chosen.any() else math.inf
    return Selection(found, chosen, cutoff)


def _limit(found: Doubles, target: float) -> float:
    """The largest p-value with p <= target * k / m, k being its place; -1 where there is none."""
    ordered = np.sort(found)
    places = np.arange(1, len(found) + 1)
    # As target * k / m, but 0.1 * 30 / 30 is to be no less than 0.1.
    low_enough = np.flatnonzero(ordered * len(found) <= target * places * (1 + 1e-12))
    return float(ordered[low_enough[-1]]) if len(low_enough) else -1.0


def fewest(target: float) -> int:
    """The answers without which nothing can be selected: 1 / (n + 1) <= target."""
    return math.ceil(1 / target - 1e-9) - 1


def planned(target: float) -> int:
    """How many calibration answers to ask for, before anything is known of the model.

    Enough to select the surest third where the model is wrong half as often as is allowed there.
    """
    share = target * SUREST
    return math.ceil(_needed(share, share / 2) / STEP) * STEP


def needed(scores: Doubles, calibration: Calibration, target: float) -> int | None:
    """How many calibration answers more it takes to select something, if the model goes on as in
    these: about. 0 where something is selected; None where no number would do.
    """
    if select(scores, calibration, target).selected.any():
        return 0
    n = len(calibration.scores)
    if not n:
        return planned(target)
    at = np.unique(scores[scores != NEVER])
    shares = target * _from(scores, at) / len(scores)
    wrong = _from(calibration.scores[calibration.wrong], at) / n
    hopeful = shares > wrong
    if not hopeful.any():
        return None
    pairs = zip(shares[hopeful], wrong[hopeful], strict=True)
    least = min(_needed(float(share), float(rate)) for share, rate in pairs)
    return max(1, math.ceil(least) - n)


def _needed(share: float, wrong: float) -> float:
    """The n from which (1 + wrong * n) / (n + 1) <= share."""
    return max(0.0, (1 - share) / (share - wrong))


def _from(scores: Doubles, at: Doubles) -> Doubles:
    """(k,): how many scores are at least each of these."""
    counts: Doubles = (len(scores) - np.searchsorted(np.sort(scores), at, side="left")).astype(
        np.float64
    )
    return counts


def exact_interval(wrong: int, n: int) -> Estimate:
    """A share with the exact interval of Clopper and Pearson (1934), 95 %."""
    from scipy.special import betaincinv

    if n == 0:
        return Estimate(value=0.0, low=0.0, high=1.0, n=0)
    tail = (1 - LEVEL) / 2
    low = betaincinv(wrong, n - wrong + 1, tail) if wrong else 0.0
    high = betaincinv(wrong + 1, n - wrong, 1 - tail) if wrong < n else 1.0
    return Estimate(
        value=round(wrong / n, 5), low=round(float(low), 5), high=round(float(high), 5), n=n
    )


def checked(wanted: int, selected: int) -> int:
    """How many of the selected people check: as many as was wanted, half of them at most."""
    return min(wanted, int(LARGEST_AUDIT * selected))
