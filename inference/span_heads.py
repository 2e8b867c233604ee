"""The head of a span question: a tagger of words on several layers of the encoder, beside a
gazetteer of what was marked before.

A word that the encoder cannot read has a row of zeros: the tagger says nothing of it and learns
nothing from it. Both scores are probabilities that exactly this span is right, so the better one
wins where the two overlap: the tagger's comes from cross-validation on the answered texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference import bio, gazetteer
from inference.bio import Mark, Run, Tags
from inference.calibration import UNTRIED, Calibration, calibrate
from inference.gazetteer import Gazetteer
from inference.heads import Floats, Regression, multinomial
from inference.words import Words

REGRESSION_C = 100.0
SHAPE_WEIGHT = 0.5
MOST_PLAIN = 4000
"""Words far from spans that a fit looks at; beyond, a fair share of them, weighted up."""
NEAR = 2
FOLDS = 3
TRIED_ENOUGH = 150
"""Spans of unseen texts after which no further fold is needed."""
BEYOND_DOUBT = 0.999
RECALLED = 0.4
"""The score from which the gazetteer speaks: a phrase marked once and passed over once is at it."""
OFFERED = 0.25
"""Below one half, because a missed span costs more keys than one that is passed over."""
SHOWN = 0.15
PARAMETERS = {
    "inverse_regularization": REGRESSION_C,
    "shape_weight": SHAPE_WEIGHT,
    "offered_from": OFFERED,
}


class Marked(NamedTuple):
    """One text of an answered document, and what was marked in it."""

    text: str
    words: Words
    marks: Sequence[Mark]


class Found(NamedTuple):
    """A suggested span: `text[start:end]` under a column, its probability, whether to offer it."""

    start: int
    end: int
    column: int
    score: float
    offered: bool


@dataclass(frozen=True, slots=True)
class Tagger:
    """Gives every word of a text its tag."""

    regression: Regression
    columns: int

    def probabilities(self, words: Words) -> Floats:
        """(w, tags) that sum to one; outside, for certain, for what cannot be read."""
        logits = features(words) @ self.regression.weights.T + self.regression.bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: Floats = powers / powers.sum(axis=1, keepdims=True)
        shares[~words.readable] = np.eye(1, bio.tag_count(self.columns), dtype=np.float32)
        return shares

    def runs(self, words: Words) -> list[Run]:
        """Decoded between words that are outside beyond doubt, which is most of a text."""
        shares = self.probabilities(words)
        open_to_doubt = shares[:, bio.OUTSIDE] < BEYOND_DOUBT
        edges = np.flatnonzero(np.diff(open_to_doubt.astype(np.int8), prepend=0, append=0))
        return [
            run._replace(first=run.first + first, last=run.last + first)
            for first, last in edges.reshape(-1, 2).tolist()
            for run in bio.decode(shares[first:last])
        ]


@dataclass(frozen=True, slots=True)
class SpanHead:
    """Suggests spans of one question; `tagger` is None before there is something to learn."""

    gazetteer: Gazetteer
    tagger: Tagger | None
    calibration: Calibration

    def suggest(self, text: str, words: Words) -> list[Found]:
        """What to mark in a text, in order; no two share a word."""
        return [
            Found(
                int(words.places[run.first, 0]),
                int(words.places[run.last - 1, 1]),
                run.column,
                run.score,
                run.score >= OFFERED,
            )
            for run in self.runs(text, words)
            if run.score >= SHOWN
        ]

    def runs(self, text: str, words: Words) -> list[Run]:
        """The likeliest of what tagger and gazetteer find, in order, none sharing a word."""
        known = self.gazetteer.find(words.of(text), least=RECALLED)
        tagged = self.tagger.runs(words) if self.tagger else []
        honest = [run._replace(score=self.calibration.honest(run.score)) for run in tagged]
        taken = np.zeros(len(words.places), dtype=bool)
        chosen = []
        for run in sorted([*known, *honest], key=lambda run: (-run.score, run)):
            if not taken[run.first : run.last].any():
                taken[run.first : run.last] = True
                chosen.append(run)
        return sorted(chosen)


def features(words: Words) -> Floats:
    """(w, d) rows that the tagger reads."""
    joined: Floats = np.hstack([words.states, SHAPE_WEIGHT * words.shapes], dtype=np.float32)
    return joined


@dataclass(frozen=True, slots=True)
class Lesson:
    """One answered text as the tagger learns it: its words, what was marked, and of the words
    that can be read the rows, the tags, and whether a span is near.
    """

    words: Words
    runs: list[tuple[int, int, int]]
    rows: Floats
    tags: Tags
    near: NDArray[np.bool_]


def fit(answered: Sequence[Marked], *, columns: int) -> SpanHead:
    """A head from the answered texts; those without marks teach what is to be left alone."""
    lessons = [_lesson(one) for one in answered]
    known = gazetteer.fit(
        (one.words.of(one.text), lesson.runs) for one, lesson in zip(answered, lessons, strict=True)
    )
    tagger = _fit_tagger(lessons, columns)
    calibration = _cross_validated(lessons, columns) if tagger else UNTRIED
    return SpanHead(known, tagger, calibration)


def _lesson(one: Marked) -> Lesson:
    runs = bio.runs_of(one.marks, one.words.places)
    tags = bio.tags_of(runs, len(one.words.places))
    spanned = tags != bio.OUTSIDE
    near = spanned.copy()
    for step in range(1, NEAR + 1):
        near[step:] |= spanned[:-step]
        near[:-step] |= spanned[step:]
    readable = one.words.readable
    rows = features(one.words)[readable]
    return Lesson(one.words, runs, rows, tags[readable], near[readable])


def _fit_tagger(lessons: Sequence[Lesson], columns: int) -> Tagger | None:
    """None before a word in a span and a word outside of spans were seen."""
    if not any(lesson.tags.any() for lesson in lessons):
        return None
    kept, weight = _fair_share(np.concatenate([lesson.near for lesson in lessons]))
    regression = multinomial(
        np.vstack([lesson.rows for lesson in lessons])[kept],
        np.concatenate([lesson.tags for lesson in lessons])[kept],
        bio.tag_count(columns),
        strength=REGRESSION_C,
        weight=weight,
    )
    return Tagger(regression, columns) if regression else None


def _fair_share(near: NDArray[np.bool_]) -> tuple[NDArray[np.intp], Floats]:
    """Places of the rows to fit on, and what each counts for.

    All that are near a span, and evenly spread ones of the others.
    """
    plain = np.flatnonzero(~near)
    share = plain[np.linspace(0, len(plain) - 1, min(len(plain), MOST_PLAIN)).astype(np.intp)]
    kept = np.sort(np.concatenate([np.flatnonzero(near), share]))
    heavier = len(plain) / max(len(share), 1)
    return kept, np.where(near[kept], 1, heavier).astype(np.float32)


def _cross_validated(lessons: Sequence[Lesson], columns: int) -> Calibration:
    """How often the tagger was right on texts that it had not seen, by the score it gave."""
    scores: list[float] = []
    right: list[bool] = []
    for fold in range(FOLDS):
        if len(scores) >= TRIED_ENOUGH:
            break
        others = [lesson for row, lesson in enumerate(lessons) if row % FOLDS != fold]
        tagger = _fit_tagger(others, columns)
        if tagger is None:
            continue
        for lesson in lessons[fold::FOLDS]:
            for run in tagger.runs(lesson.words):
                scores.append(run.score)
                right.append((run.first, run.last, run.column) in lesson.runs)
    return calibrate(scores, right)
