"""What two arms that chance assigned say of each other. Pure statistics on arrays.

Answers about the same document are not independent: every standard error here is clustered by
document. With one answer a document these are the usual ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

NORMAL = NormalDist()
LEVEL = 0.95
SHORTEST_CAP, TIMES_MEDIAN = 60.0, 10.0
NO_ERROR = 1e-9
"""Nothing varies then, and nothing can be said."""
FEWEST_WRONG = 10
"""Suggestions that people alone do not follow, before a share of them means anything."""


class Estimate(NamedTuple):
    """A value with its 95 % interval; `p`: two-sided, of no effect."""

    value: float
    low: float
    high: float
    p: float = 1.0


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of n answers, all (n,): who gave them, about what, in which arm."""

    seconds: Doubles
    is_open: NDArray[np.bool_]
    annotator: Integers
    document: Integers
    length: Doubles
    order: Doubles


@dataclass(frozen=True, slots=True)
class Share:
    """Hits among n, in so many documents; `variance` of the share, clustered by document."""

    hits: float
    n: int
    documents: int
    variance: float

    @property
    def value(self) -> float:
        return self.hits / self.n if self.n else 0.0

    @property
    def effective(self) -> float:
        """How many independent ones would say as much (Rao and Scott 1992)."""
        p = self.value
        return min(p * (1 - p) / self.variance, self.n) if self.variance else float(self.documents)


def saving(times: Times) -> Estimate | None:
    """Share of the time that an open document saves, on the typical document.

    1 - exp(b), b being the arm's coefficient in least squares on log seconds: a ratio of
    geometric means within annotators, adjusted for log length and log order of answering. Such a
    ratio is what heavy tails allow to be estimated; it is the saving in total time if documents
    save alike. Idle times are capped alike in both arms. Interval: clustered HC2 errors
    (MacKinnon and White 1985), t. None where the arms cannot be compared.
    """
    design = _design(times)
    lost = np.linalg.matrix_rank(design) + len(np.unique(times.annotator))
    degrees = len(np.unique(times.document)) - int(lost)
    if degrees < 1 or not _has_both_arms(times):
        return None
    logs = _within(np.log(_capped(times))[:, None], times.annotator)[:, 0]
    inverse = np.linalg.pinv(design.T @ design)
    effect = inverse @ (design.T @ logs)
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    residuals = (logs - design @ effect) / np.sqrt(np.clip(1 - leverage, 0.01, None))
    scores = _by_cluster(design * residuals[:, None], times.document)
    error = math.sqrt((inverse @ (scores.T @ scores) @ inverse)[0, 0])
    if error < NO_ERROR:
        return None
    slope, reach = float(effect[0]), _t(degrees) * error
    return Estimate(
        1 - math.exp(slope),
        1 - math.exp(slope + reach),
        1 - math.exp(slope - reach),
        _two_sided(slope / error * NORMAL.inv_cdf((1 + LEVEL) / 2) / _t(degrees)),
    )


def typical_seconds(times: Times, *, is_open: bool) -> float:
    """Geometric mean of one arm, idle times capped."""
    return float(np.exp(np.log(_capped(times)[times.is_open == is_open]).mean()))


def share(hits: Doubles, documents: Integers) -> Share:
    """Of (n,) zeros and ones, with a ratio estimator's variance (Cochran 1977)."""
    n = len(hits)
    if not n:
        return Share(0.0, 0, 0, 0.0)
    sums = _by_cluster((hits - hits.mean())[:, None], documents)
    clusters = len(sums)
    variance = clusters / max(clusters - 1, 1) * float((sums**2).sum()) / n**2
    return Share(float(hits.sum()), n, clusters, variance)


def difference(treated: Share, control: Share) -> Estimate:
    """Treated minus control, with Newcombe's interval (1998, method 10)."""
    low, high = wilson(treated), wilson(control)
    value = treated.value - control.value
    below = math.hypot(treated.value - low[0], high[1] - control.value)
    above = math.hypot(low[1] - treated.value, control.value - high[0])
    error = math.sqrt(treated.variance + control.variance)
    return Estimate(value, value - below, value + above, _two_sided(value / error) if error else 1)


def taken_over(treated: Share, control: Share, *, beyond: float = 0.0) -> Estimate | None:
    """Of the suggestions that people alone do not follow, the share they follow when they see them.

    Shares are of suggestions not followed: 1 - treated / control. It needs no truth. A suggestion
    that people alone do not follow stands for a wrong one; whoever would follow it alone follows
    it when shown (monotone, as with the local average treatment effect: Imbens and Angrist 1994).
    Interval: of a log risk ratio (Katz 1978), a half added (Walter 1975) where nothing is left.
    `p` is of a share beyond `beyond`, one-sided then. None while people alone hardly ever differ.
    """
    if control.hits < FEWEST_WRONG or not treated.n:
        return None
    (value, error), (base, base_error) = _log_share(treated), _log_share(control)
    ratio, error = value - base, math.hypot(error, base_error)
    reach = NORMAL.inv_cdf((1 + LEVEL) / 2) * error
    from_bound = (ratio - math.log(1 - beyond)) / error
    return Estimate(
        1 - treated.value / control.value,
        1 - math.exp(ratio + reach),
        1 - math.exp(ratio - reach),
        NORMAL.cdf(from_bound) if beyond else _two_sided(from_bound),
    )


def wilson(part: Share) -> tuple[float, float]:
    """Wilson's interval (1927), on as many as it is worth."""
    n, z = part.effective, NORMAL.inv_cdf((1 + LEVEL) / 2)
    if not n:
        return 0.0, 1.0
    p, spread = part.value, z * z / n
    reach = z * math.sqrt(p * (1 - p) / n + spread / (4 * n))
    return (p + spread / 2 - reach) / (1 + spread), (p + spread / 2 + reach) / (1 + spread)


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p adjusted for all the others (Holm 1979): the chance of one false alarm stays."""
    adjusted, largest = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def _design(times: Times) -> Doubles:
    """(n, 3), within annotators, and without what does not vary: arm, log length, log order."""
    columns = [times.is_open, np.log1p(times.length), np.log1p(times.order)]
    return _within(np.column_stack(columns).astype(np.float64), times.annotator)


def _has_both_arms(times: Times) -> bool:
    return bool(_within(times.is_open[:, None].astype(np.float64), times.annotator).any())


def _within(columns: Doubles, groups: Integers) -> Doubles:
    """(n, k) less the mean of each group."""
    _, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return columns - (_summed(columns, place, len(sizes)) / sizes[:, None])[place]


def _by_cluster(columns: Doubles, groups: Integers) -> Doubles:
    """(n, k) to one row for each group, summed."""
    kinds, place = np.unique(groups, return_inverse=True)
    return _summed(columns, place, len(kinds))


def _summed(columns: Doubles, place: Integers, groups: int) -> Doubles:
    sums = np.zeros((groups, columns.shape[1]))
    np.add.at(sums, place, columns)
    return sums


def _capped(times: Times) -> Doubles:
    """(n,) seconds, at most ten times the annotator's median, which knows nothing of arms."""
    _, place = np.unique(times.annotator, return_inverse=True)
    medians = np.array([np.median(times.seconds[place == one]) for one in range(place.max() + 1)])
    return np.minimum(times.seconds, np.maximum(TIMES_MEDIAN * medians, SHORTEST_CAP)[place])


def _log_share(part: Share) -> tuple[float, float]:
    """The logarithm of a share, and its standard error."""
    if part.hits and part.variance:
        return math.log(part.value), math.sqrt(part.variance) / part.value
    n = part.documents
    p = (part.hits + 0.5) / (part.n + 0.5) if not part.hits else part.value
    return math.log(p), math.sqrt(max(1 / (p * n) - 1 / n, 1e-9))


def _t(degrees: int) -> float:
    """The quantile of Student's t, expanded at the normal one (good to 1 % from 5 degrees on)."""
    z = NORMAL.inv_cdf((1 + LEVEL) / 2)
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


def _two_sided(z: float) -> float:
    return 2 * NORMAL.cdf(-abs(z))
