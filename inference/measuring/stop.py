"""What the next answers are expected to buy."""

from __future__ import annotations

from typing import Any

import numpy as np

from inference.measuring.curve import Track
from inference.measuring.intervals import ENOUGH, HIGH, LOW, Doubles, resamples

NEXT = 100
EXPONENTS = (0.1, 0.25, 0.5, 1.0, 1.5)
HEAD_START = 10
"""Answers that the wording of the labels is worth, so that the curve starts somewhere."""


def gain(path: Track, now: int) -> dict[str, Any] | None:
    """Points of score that NEXT more answers are expected to bring, with a bootstrap interval.

    Fits a - b (answers + HEAD_START)^-c to the track by weighted least squares, over a few c, in
    every resample (power law of learning curves: Cortes et al. 1993; bootstrap over documents).
    None before there is enough to say.
    """
    n = len(path.answers)
    if n < ENOUGH or not len(np.unique(path.answers)) > len(EXPONENTS):
        return None
    alone = _gains(path, np.ones((1, n)), now)
    drawn = _gains(path, resamples(n), now)
    if np.isnan(alone).any() or np.isnan(drawn).mean() > LOW / 100:
        return None
    low, high = np.nanpercentile(drawn, [LOW, HIGH])
    value = float(alone[0])
    return {
        "next": NEXT,
        "value": round(value, 5),
        "low": round(min(float(low), value), 5),
        "high": round(max(float(high), value), 5),
        "n": n,
    }


def _gains(path: Track, weights: Doubles, now: int) -> Doubles:
    """(resamples,) f(now + NEXT) - f(now) of the best curve for each row of weights (., n)."""
    y = np.divide(path.parts, path.wholes, out=np.zeros_like(path.parts), where=path.wholes > 0)
    mass = weights * path.wholes
    best = np.full(len(weights), np.inf)
    gains = np.full(len(weights), np.nan)
    for exponent in EXPONENTS:
        slope, offset, loss = _line(_eased(path.answers, exponent), y, mass)
        after, before = _eased(np.array([now + NEXT, now], dtype=np.float64), exponent)
        bought = np.minimum(offset + slope * after, 1) - np.minimum(offset + slope * before, 1)
        better = loss < best
        best[better], gains[better] = loss[better], bought[better]
    return gains


def _eased(answers: Doubles, exponent: float) -> Doubles:
    eased: Doubles = -((answers + HEAD_START) ** -exponent)
    return eased


def _line(x: Doubles, y: Doubles, mass: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Weighted least squares for every row of mass (., n): slope, offset and loss, each (.,)."""
    total = mass.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y = mass @ x / total, mass @ y / total
        spread = mass @ x**2 / total - mean_x**2
        together = mass @ (x * y) / total - mean_x * mean_y
        slope = np.where(spread > 0, together / spread, np.nan)
        loss = mass @ y**2 / total - mean_y**2 - slope * together
    return slope, mean_y - slope * mean_x, loss
