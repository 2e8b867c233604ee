"""When a choice head should speak, and how surely: learned from answers it had not seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.choices.regression import Floats, sigmoid, softmax

SLOPES = np.exp(np.linspace(-1.6, 1.6, 33)).astype(np.float32)
USUAL = 0.8
MULTIPLE_USUAL = 1.0
TRUST_IN_USUAL = 8.0
"""How firmly to stay there while little is known: one over the variance of the log."""
WITHHELD = 0.035
"""The share of unlabelled texts to withhold, all of them taken to be in scope."""
OFFERED = 0.5
TRUST_IN_OFFERED = 20


class Trials(NamedTuple):
    """What was said (k, C), in log odds, of texts with the answers `chosen` (k, C) zero or one.

    `rows` (k,): which texts, of those that there were to learn from.
    """

    said: Floats
    chosen: Floats
    multiple: bool
    rows: NDArray[np.intp] = np.zeros(0, dtype=np.intp)

    def slope(self) -> float:
        """What log odds are multiplied with to come true (temperature is one over it, Guo et al.
        2017), drawn to the usual value.
        """
        usual = MULTIPLE_USUAL if self.multiple else USUAL
        known = self.multiple | self.chosen.any(axis=1)
        said, chosen = self.said[known], self.chosen[known]
        cost = [
            _surprise(slope * said, chosen, multiple=self.multiple)
            + TRUST_IN_USUAL / 2 * float(np.log(slope / usual)) ** 2
            for slope in SLOPES
        ]
        return float(SLOPES[int(np.argmin(cost))])

    def offered(self, slope: float) -> float:
        """The probability from which labels of a multiple choice are offered: that with the best
        micro F1, drawn to even odds.
        """
        if not self.chosen.any():
            return OFFERED
        odds = sigmoid(np.float32(slope) * self.said)
        levels = np.linspace(0.1, 0.6, 26)
        best = levels[int(np.argmax([_micro_f1(odds >= level, self.chosen) for level in levels]))]
        trust = len(odds) / (len(odds) + TRUST_IN_OFFERED)
        return float(trust * best + (1 - trust) * OFFERED)


def nearest(alike: Floats) -> float:
    """The cosine to its prototype from which a text is in scope, from those of unanswered texts.

    -1, which withholds nothing, while there are none.
    """
    return float(np.quantile(alike, WITHHELD)) if len(alike) else -1.0


def _surprise(logits: Floats, chosen: Floats, *, multiple: bool) -> float:
    if multiple:
        return float((np.logaddexp(0, logits) - chosen * logits).sum())
    likely = (softmax(logits) * chosen).sum(axis=1)
    return -float(np.log(np.maximum(likely, np.finfo(np.float32).tiny)).sum())


def _micro_f1(offered: NDArray[np.bool_], chosen: Floats) -> float:
    right = float((offered * chosen).sum())
    return 2 * right / max(float(offered.sum() + chosen.sum()), 1.0)
