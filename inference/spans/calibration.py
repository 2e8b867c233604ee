"""From the score of a tagger to the probability that it is right: a line on the log odds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

USUAL = np.array([-1.15, 0.5])
"""Offset and slope as first measured, on two sets of texts, from 20 to 500 answers."""
TRUST_IN_USUAL = np.array([4.0, 16.0])
"""How firmly to stay there while little is known: one over the variance of each."""
STEPS = 25
CLOSEST = 1e-4


@dataclass(frozen=True, slots=True)
class Calibration:
    offset: float
    slope: float

    def honest(self, score: float) -> float:
        return float(1 / (1 + np.exp(-(self.offset + self.slope * _log_odds(score)))))


UNTRIED = Calibration(float(USUAL[0]), float(USUAL[1]))


def line_in(parameters: Mapping[str, Any]) -> Calibration | None:
    """That of a version, from its parameters; None where it was never tried."""
    numbers = parameters.get("calibration")
    return Calibration(*map(float, numbers)) if numbers else None


def calibrate(scores: Sequence[float], right: Sequence[bool]) -> Calibration:
    """The line under which the scores of unseen texts come true, drawn to the usual one."""
    rows = np.column_stack([np.ones(len(scores)), _log_odds(np.array(scores))])
    truth, line = np.array(right, dtype=np.float64), USUAL.copy()
    for _ in range(STEPS):  # Newton's, on a convex function of two numbers
        shares = 1 / (1 + np.exp(-rows @ line))
        slope = rows.T @ (shares - truth) + TRUST_IN_USUAL * (line - USUAL)
        bend = (rows * (shares * (1 - shares))[:, None]).T @ rows + np.diag(TRUST_IN_USUAL)
        line -= np.linalg.solve(bend, slope)
    offset, gradient = line.tolist()
    return Calibration(offset, max(gradient, 0.0))


def _log_odds(score: float | NDArray[np.float64]) -> NDArray[np.float64]:
    share = np.clip(np.asarray(score, dtype=np.float64), CLOSEST, 1 - CLOSEST)
    odds: NDArray[np.float64] = np.log(share / (1 - share))
    return odds
