"""Which tag each word of a text has: a regression on several layers of the encoder, and a CRF on
letters and neighbours, as one.

They are pooled by the weighted mean of their log probabilities (a logarithmic opinion pool, Genest
and Zidek 1986). Of a word that the encoder cannot read the CRF alone speaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.choices.heads import Floats, Regression, multinomial
from inference.packing import Tensors, part, under
from inference.spans import bio, crf
from inference.spans.bio import Mark, Run, Tags
from inference.spans.crf import Crf, Names
from inference.spans.crf_features import attributes
from inference.spans.words import Words

REGRESSION_C = 100.0
SHAPE_WEIGHT = 0.5
MOST_PLAIN = 4000
"""Words far from spans that a fit looks at; beyond, a fair share of them, weighted up."""
NEAR = 2
BEYOND_DOUBT = 0.999
DOUBT = 2.0
"""How much less likely, in log odds, a word is outside than the pool says: both were taught by
words of which most are outside, and miss more spans than they invent."""
LEAST = 1e-9


class Marked(NamedTuple):
    """One text of an answered document, and what was marked in it.

    `unsure`: what some marked and no majority holds; its words teach nothing.
    """

    text: str
    words: Words
    marks: Sequence[Mark]
    unsure: Sequence[Mark] = ()


class Opinions(NamedTuple):
    """(w, tags) of each; the regression has none of words that are not `readable` (w,)."""

    regression: Floats
    readable: NDArray[np.bool_]
    crf: Floats

    def pooled(self, crf_weight: float, doubt: float = DOUBT) -> Floats:
        """(w, tags) that sum to one, of a CRF that counts for 0 to 1 beside the regression."""
        share = np.where(self.readable, crf_weight, 1)[:, None].astype(np.float32)
        logs = share * _logs(self.crf) + (1 - share) * _logs(self.regression)
        logs[:, bio.OUTSIDE] -= doubt
        return _softmax(logs)


def joined(opinions: Sequence[Opinions]) -> Opinions:
    """Of several texts, one after the other."""
    return Opinions(*(np.concatenate(of) for of in zip(*opinions, strict=True)))


@dataclass(frozen=True, slots=True)
class Tagger:
    """Gives every word of a text its tag. `regression` is None before it has read any."""

    regression: Regression | None
    crf: Crf
    crf_weight: float = 0.0

    def opinions(self, text: str, words: Words, names: Names | None = None) -> Opinions:
        by_letters = self.crf.probabilities(words.of(text), names).astype(np.float32)
        readable = words.readable & (self.regression is not None)
        by_states = np.ones_like(by_letters)
        if self.regression is not None and readable.any():
            rows = features(words)[readable]
            by_states[readable] = _softmax(rows @ self.regression.weights.T + self.regression.bias)
        return Opinions(by_states, readable, by_letters)

    def probabilities(self, text: str, words: Words) -> Floats:
        """(w, tags) that sum to one."""
        return self.opinions(text, words).pooled(self.crf_weight)

    def runs(self, text: str, words: Words) -> list[Run]:
        return runs_in(self.probabilities(text, words))

    def tensors(self) -> Tensors:
        tensors = {**under("crf", self.crf.tensors()), "crf_weight": np.array([self.crf_weight])}
        if self.regression is not None:
            tensors |= {"weights": self.regression.weights, "bias": self.regression.bias}
        return tensors

    @classmethod
    def from_tensors(cls, tensors: Tensors) -> Tagger:
        """Raises KeyError and ValueError for arrays that are none of this kind."""
        return cls(
            Regression(tensors["weights"], tensors["bias"]) if "weights" in tensors else None,
            Crf.from_tensors(part("crf", tensors)),
            float(tensors["crf_weight"][0]),
        )


@dataclass(frozen=True, slots=True)
class Lesson:
    """One answered text as the tagger learns it: what is so of its words, what was marked, which
    words teach (`sure`), and of those that can be read the rows, tags, and whether a span is near.
    """

    text: str
    words: Words
    names: Names
    runs: list[tuple[int, int, int]]
    tags: Tags
    sure: NDArray[np.bool_]
    rows: Floats
    row_tags: Tags
    near: NDArray[np.bool_]

    def stretches(self) -> list[tuple[list[str], list[tuple[int, int, int]]]]:
        """The words between unsure ones, and the runs among them."""
        words = self.words.of(self.text)
        return [
            (
                words[first:last],
                [(a - first, b - first, column) for a, b, column in self.runs if first <= a < last],
            )
            for first, last in _stretches(self.sure)
        ]

    def chains(self) -> list[tuple[Names, Tags]]:
        """The same as what is so of words and their tags, no part too long, no span cut."""
        words = self.words.of(self.text)
        parts = []
        for first, last in _stretches(self.sure):
            ends = [first + end for _, end in crf.cuts(words[first:last])]
            whole = [end for end in ends[:-1] if not bio.goes_on(self.tags[end])]
            parts += list(pairwise([first, *whole, last]))
        return [(self.names[first:last], self.tags[first:last]) for first, last in parts]


def _stretches(sure: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(sure.astype(np.int8), prepend=0, append=0))
    return [(first, last) for first, last in edges.reshape(-1, 2).tolist()]


def runs_in(shares: Floats) -> list[Run]:
    """Decoded between words that are outside beyond doubt, which is most of a text."""
    return [
        run._replace(first=run.first + first, last=run.last + first)
        for first, last in _stretches(shares[:, bio.OUTSIDE] < BEYOND_DOUBT)
        for run in bio.decode(shares[first:last])
    ]


def features(words: Words) -> Floats:
    """(w, d) rows that the regression reads."""
    joined: Floats = np.hstack([words.states, SHAPE_WEIGHT * words.shapes], dtype=np.float32)
    return joined


def lesson(one: Marked) -> Lesson:
    """An answered text made ready."""
    places = one.words.places
    spans = bio.runs_of(one.marks, places)
    tags = bio.tags_of(spans, len(places))
    spanned = tags != bio.OUTSIDE
    near = spanned.copy()
    for step in range(1, NEAR + 1):
        near[step:] |= spanned[:-step]
        near[:-step] |= spanned[step:]
    sure = spanned | (bio.tags_of(bio.runs_of(one.unsure, places), len(places)) == bio.OUTSIDE)
    taught = one.words.readable & sure
    return Lesson(
        text=one.text,
        words=one.words,
        names=attributes(one.words.of(one.text)),
        runs=spans,
        tags=tags,
        sure=sure,
        rows=features(one.words)[taught],
        row_tags=tags[taught],
        near=near[taught],
    )


def fit(lessons: Sequence[Lesson], *, columns: int) -> Tagger | None:
    """None before a word in a span and a word outside of spans were seen."""
    count = bio.tag_count(columns)
    chains = [chain for one in lessons for chain in one.chains()]
    tags = np.concatenate([of for _, of in chains]) if chains else np.zeros(0, dtype=np.intp)
    if not tags.any() or tags.all():
        return None
    by_letters = crf.fit([names for names, _ in chains], [of for _, of in chains], count)
    return Tagger(_regression(lessons, count), by_letters)


def _regression(lessons: Sequence[Lesson], count: int) -> Regression | None:
    read = [one for one in lessons if len(one.rows)]
    if not any(one.row_tags.any() for one in read):
        return None
    kept, weight = _fair_share(np.concatenate([one.near for one in read]))
    return multinomial(
        np.vstack([one.rows for one in read])[kept],
        np.concatenate([one.row_tags for one in read])[kept],
        count,
        strength=REGRESSION_C,
        weight=weight,
    )


def _fair_share(near: NDArray[np.bool_]) -> tuple[NDArray[np.intp], Floats]:
    """Places of the rows to fit on, and what each counts for.

    All that are near a span, and evenly spread ones of the others.
    """
    plain = np.flatnonzero(~near)
    share = plain[np.linspace(0, len(plain) - 1, min(len(plain), MOST_PLAIN)).astype(np.intp)]
    kept = np.sort(np.concatenate([np.flatnonzero(near), share]))
    heavier = len(plain) / max(len(share), 1)
    return kept, np.where(near[kept], 1, heavier).astype(np.float32)


def _logs(shares: Any) -> Floats:
    logs: Floats = np.log(np.maximum(shares, LEAST, dtype=np.float32))
    return logs


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares
