"""A simulated annotator: what is hard for the model takes people longer and goes wrong more often.

What suggestions do to this annotator is planted, so that estimators can be asked to find it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inference.effect.table import Answered

LABELS = 8
PEOPLE = 3
CORPUS = 20_000
RESERVE = 0.2


@dataclass(frozen=True)
class Planted:
    """`saving`: share of the time saved where a suggestion is shown. `yielding`: how often a shown
    suggestion is taken that the annotator alone would not have chosen.
    """

    saving: float = 0.36
    yielding: float = 0.3
    skipping: float = 0.03


def reserve_answers(seed: int, n: int, planted: Planted) -> list[Answered]:
    """n answers about documents of the reserve, which chance drew and chance divided."""
    draw = np.random.default_rng([seed, 0])
    return list(_answered(draw, _uncertainty(draw, n), draw.random(n) < 0.5, planted))


def chosen_answers(seed: int, n: int, planted: Planted) -> list[Answered]:
    """n answers about documents outside it: of the corpus the most uncertain, all with a
    suggestion.
    """
    draw = np.random.default_rng([seed, 1])
    hardest = np.sort(_uncertainty(draw, int(CORPUS * (1 - RESERVE))))[::-1][:n]
    return list(_answered(draw, hardest, np.ones(n, dtype=bool), planted))


def _uncertainty(draw: np.random.Generator, n: int) -> np.ndarray:
    """(n,) from 0 to 1; most texts are easy."""
    return draw.beta(1.2, 3.0, n)


def _answered(
    draw: np.random.Generator, uncertainty: np.ndarray, is_open: np.ndarray, planted: Planted
) -> Iterator[Answered]:
    pace = draw.normal(0, 0.4, PEOPLE)
    before = [0] * PEOPLE
    for place, hard in enumerate(uncertainty):
        person, truth = int(draw.integers(PEOPLE)), int(draw.integers(LABELS))
        length = int(draw.lognormal(5, 0.6))
        said = truth if draw.random() > 0.85 * hard else _another(draw, truth)
        own = truth if draw.random() > 0.02 + 0.25 * hard else _another(draw, truth)
        shown = bool(is_open[place])
        gives_in = shown and draw.random() < planted.yielding
        seconds = np.exp(
            1.0
            + pace[person]
            + 1.6 * hard
            + 0.3 * (np.log(length) - 5)
            - 0.08 * np.log1p(before[person])
            + draw.normal(0, 0.45)
        )
        seconds *= 1 - planted.saving if shown else 1
        if draw.random() < 0.02:  # somebody rang
            seconds += draw.exponential(300)
        is_skipped = bool(draw.random() < planted.skipping)
        yield Answered(
            document=place,
            annotator=person,
            is_open=shown,
            seconds=round(float(seconds), 3),
            length=length,
            order=before[person],
            is_skipped=is_skipped,
            offered=() if is_skipped else ((said, said == (said if gives_in else own)),),
        )
        before[person] += 1


def _another(draw: np.random.Generator, label: int) -> int:
    return int((label + draw.integers(1, LABELS)) % LABELS)
