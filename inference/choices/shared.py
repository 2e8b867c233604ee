"""What a promoted model and the live head say together: each probability is a weighted mean.

A linear pool of opinions (Stone 1961). Weight and temperature are chosen on answers that neither
of them had seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from inference.choices.regression import Floats, sigmoid, softmax
from inference.choices.trials import Trials

FEWEST = 30
"""Answers that neither had seen, below which the promoted model speaks alone."""
WEIGHTS = tuple(step / 10 for step in range(11))
LEAST = 1e-6


class Share(NamedTuple):
    """`weight` (0 to 1) is the promoted model's; `slope` makes its log odds honest: one over its
    temperature (Guo et al. 2017).
    """

    weight: float
    slope: float

    def mixed(self, live: Floats, promoted: Floats) -> Floats:
        both: Floats = np.float32(1 - self.weight) * live + np.float32(self.weight) * promoted
        return both

    @property
    def is_alone(self) -> bool:
        return self.weight == 1


class Outputs(NamedTuple):
    """What a promoted model makes of n texts: `logits` (n, columns), each column standing for a
    label, by id; None for what is no label of this project. `labels` are the ones there are now.
    """

    logits: Floats
    columns: Sequence[int | None]
    labels: Sequence[int]
    multiple: bool

    def probabilities(self, slope: float) -> Floats:
        """(n, C) for the labels there are now; of one that it does not know, zero."""
        said = (sigmoid if self.multiple else softmax)(np.float32(slope) * self.logits)
        rows = np.zeros((len(said), len(self.labels)), dtype=np.float32)
        for place, label in enumerate(self.labels):
            mine = said[:, self._of(label)]
            # Labels that were merged: one of them, or any of them.
            rows[:, place] = mine.max(axis=1, initial=0) if self.multiple else mine.sum(axis=1)
        return rows

    def placed(self, chosen: Floats) -> Floats:
        """(n, C) answers as (n, columns)."""
        rows = np.zeros(self.logits.shape, dtype=np.float32)
        for place, label in enumerate(self.labels):
            rows[:, self._of(label)[:1]] = chosen[:, place, None]
        return rows

    def _of(self, label: int) -> list[int]:
        return [column for column, of in enumerate(self.columns) if of == label]


def alone(temperature: float = 1.0) -> Share:
    return Share(1.0, 1 / temperature)


def chosen_share(outputs: Outputs, live: Floats, chosen: Floats) -> Share:
    """The share under which the answers `chosen` (k, C), zero or one, are the likeliest.

    `outputs` and `live` (k, C), its probabilities, are of the same texts, row by row.
    """
    answers = Trials(outputs.logits, outputs.placed(chosen), outputs.multiple)
    slope = answers.slope()
    promoted = outputs.probabilities(slope)
    shares = [Share(weight, slope) for weight in WEIGHTS]
    costs = [
        surprise(share.mixed(live, promoted), chosen, multiple=outputs.multiple) for share in shares
    ]
    return shares[int(np.argmin(costs))]


def surprise(probabilities: Floats, chosen: Floats, *, multiple: bool) -> float:
    """How unlikely the answers are; "none of these" is what is left of a single choice."""
    shares = np.clip(probabilities, LEAST, 1 - LEAST)
    if multiple:
        return -float((chosen * np.log(shares) + (1 - chosen) * np.log1p(-shares)).sum())
    none = np.clip(1 - probabilities.sum(axis=1), LEAST, 1)
    likely = np.where(chosen.any(axis=1), (shares * chosen).sum(axis=1), none)
    return -float(np.log(likely).sum())
