"""Light heads on frozen vectors: from the wording of the labels to what people have answered.

Pure numpy and scipy, deterministic. Vectors are (n, d) float32 of length one; a zero row is a
text that the encoder cannot read, of which nothing is said and from which nothing is learned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.choices.neighbours import (
    ITSELF,
    NEIGHBOURS,
    POOL_ANSWERS,
    POOL_ROUNDS,
    Neighbours,
    Pool,
    pooled,
)
from inference.choices.regression import (
    TWO,
    Floats,
    Regression,
    multinomial,
    near_to,
    sigmoid,
    softmax,
    unit,
)
from inference.choices.shared import Share
from inference.choices.trials import Trials, nearest

__all__ = ["TWO", "Floats", "Head", "Regression", "fit", "multinomial", "unit", "wording"]

DESCRIPTION_WEIGHT = 3.0
SURENESS = 15.0  # the length of the weights expected of a label, along its prototype
STRENGTH = 0.05  # how firmly to expect them
MULTIPLE_STRENGTH = 0.3
MULTIPLE_COSINE = 0.1  # alike enough for even odds, when a label stands by itself
MULTIPLE_OFFERED = 0.5
STEPS = 30
TRIAL_STEPS = 10
MANY_ANSWERS = 800  # from which a fit takes fewer steps, each being long
FOLDS = 3
LEAST_TRIED = 12
MOST_TRIED = 400
MAX_ITEMS = 10
PARAMETERS = {
    "description_weight": DESCRIPTION_WEIGHT,
    "sureness": SURENESS,
    "strength": STRENGTH,
    "multiple_strength": MULTIPLE_STRENGTH,
    "pool_answers": POOL_ANSWERS,
    "pool_rounds": POOL_ROUNDS,
    "neighbours": NEIGHBOURS,
}


class Scored(NamedTuple):
    """One label's place in a suggestion: its column, its probability, whether it is offered."""

    column: int
    score: float
    offered: bool


@dataclass(frozen=True, slots=True)
class Head:
    """Scores the C labels of one question.

    `prototypes` (C, d) have length one. `regression` has a row a label and, once people have
    answered "none of these" to a single choice, one more for that. `slope` makes its log odds
    honest. A label is offered from a probability of `offered`, and only of texts at least
    `nearest` alike (cosine) to a prototype. `answers` is how many texts were learned from.
    `share` is what a promoted model has to say beside it, where there is one.
    """

    near: Neighbours
    prototypes: Floats
    regression: Regression
    multiple: bool
    answers: int = 0
    slope: float = 1.0
    offered: float = MULTIPLE_OFFERED
    nearest: float = -1.0
    share: Share | None = None

    def probabilities(self, vectors: Floats) -> Floats:
        """(n, d) vectors to (n, C): each label by itself if multiple; else rows that sum to one,
        less the probability of "none of these".
        """
        logits = self.regression.logits(self.near.lean(self.near.centred(vectors)))
        shares = sigmoid if self.multiple else softmax
        return shares(np.float32(self.slope) * logits)[:, : len(self.prototypes)]

    def withholds(self, vectors: Floats) -> NDArray[np.bool_]:
        """(n, d) to (n,): whether nothing had better be said of these readable texts."""
        return self._withholds(self.probabilities(vectors), vectors)

    def _withholds(self, scores: Floats, vectors: Floats) -> NDArray[np.bool_]:
        none = np.zeros(len(scores)) if self.multiple else 1 - scores.sum(axis=1)
        unsure = scores.max(axis=1) < np.maximum(self.offered, none)
        withheld: NDArray[np.bool_] = unsure | (self.nearness(vectors) < self.nearest)
        return withheld

    def nearness(self, vectors: Floats) -> Floats:
        """(n, d) to (n,): the cosine to the prototype most alike, before neighbours are heard."""
        cosines: Floats = (self.near.centred(vectors) @ self.prototypes.T).max(axis=1)
        return cosines

    def tensors(self) -> dict[str, NDArray[Any]]:
        """All there is to the head as named arrays, to be stored; `from_tensors` reads them."""
        return {
            "centre": self.near.centre,
            "texts": self.near.rounded,
            "prototypes": self.prototypes,
            "weights": self.regression.weights,
            "bias": self.regression.bias,
            "multiple": np.array([self.multiple], dtype=np.uint8),
            "answers": np.array([self.answers], dtype=np.int64),
            "rules": np.array([self.slope, self.offered, self.nearest]),
            **({"share": np.array(self.share)} if self.share else {}),
        }

    @classmethod
    def from_tensors(cls, named: Mapping[str, NDArray[Any]]) -> Head:
        """The head that `tensors` were taken of. Raises KeyError where one is missing."""
        head = cls(
            Neighbours.of(named["centre"], named["texts"]),
            named["prototypes"],
            Regression(named["weights"], named["bias"]),
            bool(named["multiple"][0]),
            int(named["answers"][0]),
            *named["rules"].tolist(),
        )
        return replace(head, share=Share(*named["share"].tolist())) if "share" in named else head

    def suggest(self, vector: Floats, promoted: Floats | None = None) -> list[Scored]:
        """Labels for one vector (d,), best first; empty when the head had better say nothing.

        With the probabilities (C,) that a promoted model gives them: what both say together.
        """
        if not vector.any() or not np.isfinite(vector).all():
            return []
        scores = self.probabilities(vector[None])[0]
        if promoted is not None and self.share is not None:
            scores = self.share.mixed(scores, promoted)
            if scores.max() < self.offered:
                return []
        elif self._withholds(scores[None], vector[None])[0]:
            return []
        best_first = np.argsort(-scores, kind="stable")[:MAX_ITEMS]
        return [
            Scored(
                int(column),
                float(scores[column]),
                bool(scores[column] >= self.offered and (self.multiple or place == 0)),
            )
            for place, column in enumerate(best_first)
        ]


Beside = Callable[[Head, Trials], Share]


def wording(name: str, description: str) -> str:
    """What the encoder reads of a label before anybody has used it."""
    name = name.replace("_", " ").replace("-", " ").strip()
    description = description.strip()
    return f"{name}: {description}" if description else f"This text is about {name}."


def offered_from(labels: int) -> float:
    """The probability from which a single choice is worth showing: clearly better than chance."""
    return max(0.1, 1.2 / labels)


def fit(
    *,
    wordings: Floats,
    pool: Floats,
    vectors: Floats,
    answers: Sequence[Collection[int]],
    multiple: bool,
    beside: Beside | None = None,
) -> Head:
    """A head from the label wordings (C, d), unlabelled vectors and the k answered ones (k, d).

    `answers` holds the chosen columns of each answered vector, none for "none of these".
    Vectors that are zero or not finite are left out. `beside` says what a promoted model is to
    have of the say, from what heads said of texts that they had not learned from.
    """
    readable = np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)
    chosen = _chosen(answers, classes=len(wordings), multiple=multiple)[readable]
    texts = pooled(pool, wordings.shape[1])
    described = texts.near.centred(np.nan_to_num(wordings)) * wordings.any(axis=1, keepdims=True)
    known = texts.near.centred(vectors[readable])
    steps = STEPS if len(known) < MANY_ANSWERS else STEPS // 2
    taught = _Lessons(texts, described, multiple)
    likeness = texts.near.likeness(known)
    leaned = texts.near.lean(known, likeness)
    head, alike = taught.fitted(known, leaned, chosen, steps=steps)
    trials = _held_out(taught, known, leaned, chosen)
    rules = _with_rules(head, trials)
    trials = trials._replace(rows=np.flatnonzero(readable)[trials.rows])
    if beside is not None:
        rules = replace(rules, share=beside(rules, trials))
    if multiple:
        return rules
    answered = (likeness > ITSELF).any(axis=0)
    return replace(rules, nearest=nearest(alike[~answered]))


class _Lessons(NamedTuple):
    """What a head learns from beside the answers: unlabelled texts, and the wordings (C, d)."""

    pool: Pool
    described: Floats
    multiple: bool

    def fitted(
        self, known: Floats, leaned: Floats, chosen: Floats, *, steps: int
    ) -> tuple[Head, Floats]:
        """The head that the answers `chosen` (k, C) of centred texts (k, d) make, `leaned`
        (k, d) being those among their neighbours, without its rules; and
        how alike unlabelled texts are to its prototypes.
        """
        firm = DESCRIPTION_WEIGHT * self.described + chosen.T @ known
        pool = self.pool._replace(leaned=self.pool.leaned[:0]) if self.multiple else self.pool
        prototypes, alike = pool.draw(firm)
        bias = np.full(len(firm), -SURENESS * MULTIPLE_COSINE * self.multiple, dtype=np.float32)
        regression = Regression(np.float32(SURENESS) * prototypes, bias)
        none = ~chosen.any(axis=1)
        if none.any() and not self.multiple:
            regression = _with_none(regression)
            chosen = np.column_stack([chosen, none.astype(np.float32)])
        if len(known):
            regression = near_to(
                regression,
                leaned,
                chosen,
                strength=MULTIPLE_STRENGTH if self.multiple else STRENGTH,
                multiple=self.multiple,
                steps=steps,
            )
        head = Head(self.pool.near, prototypes, regression, self.multiple, len(known))
        return head, alike


def _held_out(taught: _Lessons, known: Floats, leaned: Floats, chosen: Floats) -> Trials:
    """What heads that learned from two thirds of the answers say of the other third."""
    few = np.unique(np.linspace(0, len(known) - 1, min(len(known), MOST_TRIED)).astype(int))
    known, leaned, chosen = known[few], leaned[few], chosen[few]
    taught = taught._replace(pool=taught.pool.half())
    said = np.zeros_like(chosen)
    for fold in range(FOLDS if len(known) >= LEAST_TRIED else 0):
        out = np.arange(len(known)) % FOLDS == fold
        head, _ = taught.fitted(known[~out], leaned[~out], chosen[~out], steps=TRIAL_STEPS)
        logits = head.regression.logits(leaned[out])
        said[out] = logits[:, : chosen.shape[1]]
    tried = slice(None if len(known) >= LEAST_TRIED else 0)
    return Trials(said[tried], chosen[tried], taught.multiple, few[tried])


def _with_rules(head: Head, trials: Trials) -> Head:
    """The head with what trials teach of how surely to speak."""
    slope = trials.slope()
    offered = trials.offered(slope) if head.multiple else offered_from(len(head.prototypes))
    return replace(head, slope=slope, offered=offered)


def _with_none(regression: Regression) -> Regression:
    """One row more, for "none of these", of which nothing is expected."""
    nothing = np.zeros_like(regression.weights[:1])
    return Regression(
        np.vstack([regression.weights, nothing]), np.append(regression.bias, nothing[0, :1])
    )


def _chosen(answers: Sequence[Collection[int]], *, classes: int, multiple: bool) -> Floats:
    """(k, C) of zeros and ones; of a single choice at most a one a row."""
    chosen = np.zeros((len(answers), classes), dtype=np.float32)
    for row, columns in enumerate(answers):
        chosen[row, sorted(columns)[: None if multiple else 1]] = 1
    return chosen
