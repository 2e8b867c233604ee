"""An estimate, the documents it rests on, and its 95 % interval."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

ENOUGH = 30
"""Below so many, a page says "not enough yet" and no figure."""
RESAMPLES = 1000
SEED = 95
Z = 1.959964
LOW, HIGH = 2.5, 97.5


class Estimate(TypedDict):
    """A value with its 95 % interval, from n observations; ready for JSON."""

    value: float
    low: float
    high: float
    n: int


def share(hits: int, n: int) -> Estimate:
    """A proportion with Wilson's interval (1927). None of none: anything from 0 to 1."""
    if n == 0:
        return Estimate(value=0.0, low=0.0, high=1.0, n=0)
    p, spread = hits / n, Z * Z / n
    middle = (p + spread / 2) / (1 + spread)
    reach = Z / (1 + spread) * math.sqrt(p * (1 - p) / n + spread / (4 * n))
    return _estimate(p, middle - reach, middle + reach, n)


def ratio(parts: Doubles, wholes: Doubles) -> Estimate:
    """sum(parts) / sum(wholes), both (n,), resampling the n documents.

    The percentile bootstrap of Efron (1979), with a fixed seed. Where all documents agree it would
    claim certainty, so that there Wilson's interval for n documents stands.
    """
    n = len(parts)
    if not wholes.any():
        return share(0, 0)
    value = float(parts.sum() / wholes.sum())
    return bootstrapped(value, divided(resamples(n) @ parts, resamples(n) @ wholes), n)


def bootstrapped(value: float, resampled: Doubles, n: int) -> Estimate:
    """The value with the interval of what it was in each resample; NaN stands for undefined."""
    low, high = band(resampled)
    if not low < high:
        certain = share(round(value * n), n)
        low, high = certain["low"], certain["high"]
    return _estimate(value, low, high, n)


def band(resampled: Doubles) -> tuple[float, float]:
    """The middle 95 % of (resamples,), undefined ones left out."""
    known = resampled[~np.isnan(resampled)]
    if not len(known):
        return 0.0, 1.0
    low, high = np.percentile(known, [LOW, HIGH])
    return float(low), float(high)


@lru_cache(2)
def resamples(n: int) -> Doubles:
    """(RESAMPLES, n): how often each of n documents was drawn, with replacement."""
    drawn = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), RESAMPLES)
    weights: Doubles = drawn.astype(np.float64)
    weights.flags.writeable = False
    return weights


def divided(parts: Doubles, wholes: Doubles) -> Doubles:
    """Parts over wholes; NaN where there is no whole."""
    quotient: Doubles = np.divide(parts, wholes, out=np.full(parts.shape, np.nan), where=wholes > 0)
    return quotient


def _estimate(value: float, low: float, high: float, n: int) -> Estimate:
    return Estimate(
        value=round(value, 5),
        low=round(max(min(low, value), 0.0), 5),
        high=round(min(max(high, value), 1.0), 5),
        n=n,
    )
