"""What a model said of a document beside what people answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from inference.measuring.intervals import Doubles
from labeling.exposures import SuggestedItem
from labeling.items import Pick, pick_of
from labeling.resolved import Picks


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one document and one question: what was said, best first, and the resolved answer."""

    said: Sequence[SuggestedItem]
    answered: Picks

    @property
    def offered(self) -> Picks:
        return frozenset(pick_of(item) for item in self.said if item["offered"])

    @property
    def is_shown(self) -> bool:
        """Whether people would see any of it, were the document not blind."""
        return any(item["offered"] and not item.get("withheld") for item in self.said)

    @property
    def is_right(self) -> bool:
        """Saying nothing is right where the answer is none of the labels."""
        return self.offered == self.answered


class Counts(NamedTuple):
    """Items of each document and label, all (n, C): suggested and right, suggested, answered."""

    hits: Doubles
    said: Doubles
    answered: Doubles


def counted(outcomes: Sequence[Outcome], labels: Sequence[int]) -> Counts:
    """Labels or spans, exactly as answered or not at all."""
    columns = {label: column for column, label in enumerate(labels)}
    counts = Counts(*(np.zeros((len(outcomes), len(labels))) for _ in Counts._fields))
    for row, outcome in enumerate(outcomes):
        kinds = (outcome.offered & outcome.answered, outcome.offered, outcome.answered)
        for table, picks in zip(counts, kinds, strict=True):
            for label, number in Counter(map(label_of, picks)).items():
                if label in columns:
                    table[row, columns[label]] = number
    return counts


def halves(outcomes: Iterable[Outcome]) -> tuple[Doubles, Doubles]:
    """(n,) twice: F1's numerator and denominator, 2 hits over said plus answered.

    A document on which both are silent agrees: it counts as one hit.
    """
    pairs = []
    for outcome in outcomes:
        offered, answered = outcome.offered, outcome.answered
        together = len(offered) + len(answered)
        pairs.append((2 * len(offered & answered), together) if together else (2, 2))
    table = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def label_of(pick: Pick) -> int:
    return pick if isinstance(pick, int) else pick.label
