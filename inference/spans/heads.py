"""The head of a span question: a tagger of words, beside a gazetteer of what was marked before.

Both scores are probabilities that exactly this span is right, so the better one wins where the
two overlap: the tagger's comes from cross-validation on the answered texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.choices.heads import Floats
from inference.packing import Tensors, part, under
from inference.spans import bio, gazetteer, tagger
from inference.spans.bio import Run
from inference.spans.calibration import UNTRIED, Calibration, calibrate
from inference.spans.gazetteer import Gazetteer
from inference.spans.tagger import Lesson, Marked, Opinions, Tagger
from inference.spans.words import CAPITALS, Words

FOLDS = 3
TRIED_ENOUGH = 150
"""Spans of unseen texts after which no further fold is needed."""
CRF_WEIGHTS = (0.0, 0.2, 0.35, 0.5)
RECALLED = 0.4
"""The score from which the gazetteer speaks: a phrase marked once and passed over once is at it."""
OFFERED = 0.25
"""Below one half, because a missed span costs more keys than one that is passed over."""
SHOWN = 0.15
PARAMETERS = {
    "inverse_regularization": tagger.REGRESSION_C,
    "shape_weight": tagger.SHAPE_WEIGHT,
    "doubt": tagger.DOUBT,
    "offered_from": OFFERED,
}


class Found(NamedTuple):
    """A suggested span: `text[start:end]` under a column, its probability, whether to offer it."""

    start: int
    end: int
    column: int
    score: float
    offered: bool


@dataclass(frozen=True, slots=True)
class Share:
    """How much a tuned encoder has to say beside the tagger, and what the scores of both together
    are worth: chosen on answers that it had not seen.
    """

    weight: float
    calibration: Calibration

    @property
    def is_alone(self) -> bool:
        return self.weight == 1


@dataclass(frozen=True, slots=True)
class SpanHead:
    """Suggests spans of one question; `tagger` is None before there is something to learn."""

    gazetteer: Gazetteer
    tagger: Tagger | None
    calibration: Calibration
    tuned: Share | None = None

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
        tagged, calibration = self.tagged(text, words)
        honest = [run._replace(score=calibration.honest(run.score)) for run in tagged]
        taken = np.zeros(len(words.places), dtype=bool)
        chosen = []
        for run in sorted([*known, *honest], key=lambda run: (-run.score, run)):
            if not taken[run.first : run.last].any():
                taken[run.first : run.last] = True
                chosen.append(run)
        return sorted(chosen)

    def tagged(self, text: str, words: Words) -> tuple[list[Run], Calibration]:
        """What the tagger finds, with the tuned encoder where that has read the words."""
        if words.tuned is not None and self.tuned is not None and self.tuned.is_alone:
            return tagger.runs_in(words.tuned.astype(np.float32)), self.tuned.calibration
        if self.tagger is None:
            return [], self.calibration
        shares = self.tagger.probabilities(text, words)
        if self.tuned is None or words.tuned is None:
            return tagger.runs_in(shares), self.calibration
        mixed = (1 - self.tuned.weight) * shares + self.tuned.weight * words.tuned
        return tagger.runs_in(mixed), self.tuned.calibration

    def uncertainty(self, text: str, words: Words) -> float:
        """How much marking this text would teach: high where spans are many and unclear.

        Words expected in spans, and the entropy of all tags, over the square root of the length:
        a long text teaches more, but not as much more as it costs. Capitals before any answer.
        """
        if not len(words.places):
            return 0.0
        shares = self._shares(text, words)
        if shares is None:
            worth = float(words.shapes[:, CAPITALS].any(axis=1).sum())
        else:
            worth = float((1 - shares[:, bio.OUTSIDE]).sum() - _x_log_x(shares).sum())
        return worth / float(np.sqrt(len(words.places)))

    def _shares(self, text: str, words: Words) -> Floats | None:
        """(words, tags) probabilities as who speaks gives them, without the usual doubt; None
        while nobody does.
        """
        other = None if self.tuned is None or words.tuned is None else words.tuned
        if other is not None and self.tuned is not None and self.tuned.is_alone:
            return other.astype(np.float32)
        if self.tagger is None:
            return None
        mine = self.tagger.opinions(text, words).pooled(self.tagger.crf_weight, doubt=0)
        if other is None or self.tuned is None:
            return mine
        mixed: Floats = (1 - self.tuned.weight) * mine + self.tuned.weight * other
        return mixed

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The whole head as arrays, for safetensors; `from_tensors` gives the same head back."""
        return {
            **under("gazetteer", self.gazetteer.tensors()),
            **(under("tagger", self.tagger.tensors()) if self.tagger else {}),
            "calibration": np.array([self.calibration.offset, self.calibration.slope]),
            **({"tuned": _as_array(self.tuned)} if self.tuned else {}),
        }

    @classmethod
    def from_tensors(cls, tensors: Tensors) -> SpanHead:
        """Raises KeyError and ValueError for arrays that are no head of this release."""
        tagged = part("tagger", tensors)
        offset, slope = tensors["calibration"].tolist()
        return cls(
            Gazetteer.from_tensors(part("gazetteer", tensors)),
            Tagger.from_tensors(tagged) if tagged else None,
            Calibration(offset, slope),
            _as_share(tensors["tuned"]) if "tuned" in tensors else None,
        )


def _as_array(share: Share) -> NDArray[Any]:
    return np.array([share.weight, share.calibration.offset, share.calibration.slope])


def _as_share(numbers: NDArray[Any]) -> Share:
    weight, offset, slope = numbers.tolist()
    return Share(weight, Calibration(offset, slope))


class Tried(NamedTuple):
    """What those who had not seen a text say of its words."""

    lesson: Lesson
    opinions: Opinions


def fit(answered: Sequence[Marked], *, columns: int) -> SpanHead:
    """A head from the answered texts; those without marks teach what is to be left alone."""
    lessons = [tagger.lesson(one) for one in answered]
    known = gazetteer.fit(stretch for one in lessons for stretch in one.stretches())
    fitted = tagger.fit(lessons, columns=columns)
    if fitted is None:
        return SpanHead(known, None, UNTRIED)
    tried = _tried(lessons, columns)
    crf_weight = _crf_weight(tried)
    fitted = replace(fitted, crf_weight=crf_weight)
    return SpanHead(known, fitted, _calibrated(tried, crf_weight))


def _tried(lessons: Sequence[Lesson], columns: int) -> list[Tried]:
    """Cross-validation, until enough spans were tried."""
    tried: list[Tried] = []
    for fold in range(FOLDS):
        if sum(len(one.lesson.runs) for one in tried) >= TRIED_ENOUGH:
            break
        others = [lesson for row, lesson in enumerate(lessons) if row % FOLDS != fold]
        fitted = tagger.fit(others, columns=columns)
        if fitted is not None:
            held_out = lessons[fold::FOLDS]
            tried += [
                Tried(one, fitted.opinions(one.text, one.words, one.names)) for one in held_out
            ]
    return tried


def _crf_weight(tried: Sequence[Tried]) -> float:
    """That with the highest F1 of words in spans on texts that had not been seen."""
    if not tried:
        return CRF_WEIGHTS[0]
    opinions = tagger.joined([one.opinions for one in tried])
    tags = np.concatenate([one.lesson.tags for one in tried])
    sure = np.concatenate([one.lesson.sure for one in tried])

    def word_f1(weight: float) -> float:
        said = opinions.pooled(weight).argmax(axis=1)
        right = ((said == tags) & (tags > 0)).sum()
        return float(2 * right / max(((said > 0) & sure).sum() + (tags > 0).sum(), 1))

    return max(CRF_WEIGHTS, key=word_f1)


def _calibrated(tried: Sequence[Tried], crf_weight: float) -> Calibration:
    """How often runs in texts that had not been seen were right, by the score they got."""
    found = [
        (run.score, run[:3] in one.lesson.runs)
        for one in tried
        for run in tagger.runs_in(one.opinions.pooled(crf_weight))
        if one.lesson.sure[run.first : run.last].all()
    ]
    return calibrate([score for score, _ in found], [right for _, right in found])


def _x_log_x(shares: Floats) -> Floats:
    terms: Floats = shares * np.log(np.maximum(shares, np.finfo(np.float32).tiny))
    return terms
