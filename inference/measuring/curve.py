"""The learning curve, from what was suggested at the time (prequential: Dawid 1984).

Every answered document of the reserve is a fair draw, and its suggestion was made before its
answer, so how right suggestions were then is what the model was worth then. No old model is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.measuring.intervals import (
    ENOUGH,
    HIGH,
    LOW,
    Doubles,
    divided,
    ratio,
    resamples,
)
from inference.measuring.outcomes import Outcome, halves

POINTS = 40
WINDOW_SHARE = 0.3
"""Of all documents, around each point."""
SMALLEST_WINDOW = 2 * ENOUGH
"""From fewer the band at the end would promise too much."""
MOST_BLIND = 8
LEAST_SPREAD = 1e-8


@dataclass(frozen=True, slots=True)
class Track:
    """Answered documents in the order of their answers, all (n,).

    `answers` counts the project's answers before; the score of a set of documents is
    sum(parts) / sum(wholes): accuracy, or F1 where an answer is a set of items.
    """

    answers: Doubles
    parts: Doubles
    wholes: Doubles
    blind: NDArray[np.bool_]


def track(
    outcomes: Sequence[Outcome], answers: Sequence[int], blind: Sequence[bool], *, several: bool
) -> Track:
    if several:
        parts, wholes = halves(outcomes)
    else:
        parts = np.array([outcome.is_right for outcome in outcomes], dtype=np.float64)
        wholes = np.ones(len(outcomes))
    order = np.argsort(np.array(answers, dtype=np.float64), kind="stable")
    rows = np.array(answers, dtype=np.float64)[order]
    return Track(rows, parts[order], wholes[order], np.array(blind, dtype=np.bool_)[order])


def learning_curve(path: Track) -> dict[str, Any]:
    """Local lines with a bootstrap band over documents, and blind documents by themselves."""
    n = len(path.answers)
    figures: dict[str, Any] = {"n": n, "blind": int(path.blind.sum()), "points": [], "dots": []}
    if n < ENOUGH:
        return figures
    places = np.unique(np.linspace(0, n - 1, POINTS).round().astype(int))
    values = local_lines(path, places, np.ones((1, n)))[0]
    low, high = np.nanpercentile(local_lines(path, places, resamples(n)), [LOW, HIGH], axis=0)
    columns = [path.answers[places], values, np.fmin(low, values), np.fmax(high, values)]
    figures["points"] = np.column_stack(columns).round(4).tolist()
    figures["dots"] = _blind_alone(path)
    figures["window"] = window_size(n)
    return figures


def local_lines(path: Track, places: NDArray[np.intp], weights: Doubles) -> Doubles:
    """(resamples, points): at each place a line through the documents around it, read off there.

    A line, not an average, because an average lags behind at both ends (Fan & Gijbels 1996).
    """
    kernel = np.stack([window(len(path.answers), place) for place in places])
    away = (path.answers - path.answers[places][:, None]) / max(path.answers[-1], 1)
    mass, hits = kernel * path.wholes, kernel * path.parts
    m0, m1, m2 = (weights @ (mass * away**power).T for power in range(3))
    h0, h1 = (weights @ (hits * away**power).T for power in range(2))
    spread = m0 * m2 - m1**2
    level = divided(h0, m0)
    line = np.divide(m2 * h0 - m1 * h1, spread, out=level, where=spread > LEAST_SPREAD * m0**2)
    clipped: Doubles = np.clip(line, 0, 1)
    return clipped


def window(n: int, place: int) -> Doubles:
    """(n,) weights of the nearest documents, the nearest most (tricube: Cleveland 1979)."""
    size = window_size(n)
    first = min(max(place - size // 2, 0), n - size)
    far = np.abs(np.arange(n) - place) / (max(place - first, first + size - 1 - place) + 1)
    weights: Doubles = np.clip(1 - far**3, 0, None) ** 3
    return weights


def window_size(n: int) -> int:
    return min(n, max(SMALLEST_WINDOW, round(n * WINDOW_SHARE)))


def _blind_alone(path: Track) -> list[dict[str, Any]]:
    """The documents whose answers no suggestion can have touched, in even runs."""
    rows = np.flatnonzero(path.blind)
    runs = np.array_split(rows, max(min(len(rows) // ENOUGH, MOST_BLIND), 1))
    return [
        {
            "answers": round(float(path.answers[run].mean()), 1),
            **ratio(path.parts[run], path.wholes[run]),
        }
        for run in runs
        if len(run) >= ENOUGH
    ]
