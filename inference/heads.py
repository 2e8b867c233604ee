"""Light heads on frozen vectors: from the wording of the labels to what people have answered.

Pure numpy and scikit-learn, deterministic. Vectors are (n, d) float32 of length one; a zero row
is a text that the encoder cannot read, of which nothing is said and from which nothing is learned.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SHARPNESS = 10.0
DESCRIPTION_WEIGHT = 3.0
REGRESSION_C = 10.0
TRUST_AFTER = 8  # answers per class at which regression and similarity weigh the same
SMALLEST_POOL = 20
POOL_SHARPNESS = 20.0
POOL_ANSWERS = 10
POOL_ROUNDS = 3
MAX_ITEMS = 10
TWO = 2
MULTIPLE_OFFERED = 0.5
MULTIPLE_COSINE = 0.1  # alike enough for even odds, when a label stands by itself
NEVER = np.float32(-30)  # the bias of a label nobody has chosen: a probability of nothing
PARAMETERS = {
    "sharpness": SHARPNESS,
    "description_weight": DESCRIPTION_WEIGHT,
    "inverse_regularization": REGRESSION_C,
    "trust_after": TRUST_AFTER,
    "pool_answers": POOL_ANSWERS,
}


class Scored(NamedTuple):
    """One label's place in a suggestion: its column, its probability, whether it is offered."""

    column: int
    score: float
    offered: bool


@dataclass(frozen=True, slots=True)
class Regression:
    """Logistic regression as plain arrays: weights (C, d) and bias (C,)."""

    weights: Floats
    bias: Floats


@dataclass(frozen=True, slots=True)
class Head:
    """Scores the C labels of one question.

    `centre` (d,) is subtracted from every vector; `prototypes` (C, d) have length one; `trust`
    (between 0 and 1) is the weight of the regression, which is None before it can be fitted.
    """

    centre: Floats
    prototypes: Floats
    regression: Regression | None
    trust: float
    multiple: bool

    def probabilities(self, vectors: Floats) -> Floats:
        """(n, d) vectors to (n, C): rows that sum to one, or, if multiple, each label by itself."""
        centred = unit(vectors - self.centre)
        shares = _sigmoid if self.multiple else _softmax
        least = MULTIPLE_COSINE if self.multiple else 0.0
        alike = shares(SHARPNESS * (centred @ self.prototypes.T - least))
        if self.regression is None:
            return alike
        learned = shares(centred @ self.regression.weights.T + self.regression.bias)
        return self.trust * learned + (1 - self.trust) * alike

    def suggest(self, vector: Floats) -> list[Scored]:
        """Labels for one vector (d,), best first; empty when the head had better say nothing."""
        if not vector.any():
            return []
        scores = self.probabilities(vector[None])[0]
        best_first = np.argsort(-scores, kind="stable")[:MAX_ITEMS]
        least = MULTIPLE_OFFERED if self.multiple else offered_from(len(scores))
        if scores[best_first[0]] < least:
            return []
        return [
            Scored(
                int(column),
                float(scores[column]),
                bool(scores[column] >= least and (self.multiple or place == 0)),
            )
            for place, column in enumerate(best_first)
        ]


def wording(name: str, description: str) -> str:
    """What the encoder reads of a label before anybody has used it."""
    name = name.replace("_", " ").replace("-", " ").strip()
    description = description.strip()
    return f"{name}: {description}" if description else f"This text is about {name}."


def offered_from(labels: int) -> float:
    """The probability from which a single choice is worth showing: clearly better than chance."""
    return max(0.2, 1.2 / labels)


def fit(
    *,
    wordings: Floats,
    pool: Floats,
    vectors: Floats,
    answers: Sequence[Collection[int]],
    multiple: bool,
) -> Head:
    """A head from the label wordings (C, d), unlabelled vectors and the k answered ones (k, d).

    `answers` holds the chosen columns of each answered vector, none for "none of these".
    """
    texts = pool[pool.any(axis=1)]
    centre = _centre(texts, wordings.shape[1])
    labelled = _chosen(answers, classes=len(wordings))
    readable = vectors.any(axis=1)
    known, chosen = unit(vectors[readable] - centre), labelled[readable]
    described = unit(wordings - centre)
    firm = DESCRIPTION_WEIGHT * described + chosen.T @ known
    around = unit(texts - centre) if len(texts) >= SMALLEST_POOL and not multiple else texts[:0]
    prototypes = _drawn_to(around, firm)
    regression = _regress(known, chosen, multiple=multiple)
    trust = len(known) / (len(known) + TRUST_AFTER * len(wordings)) if regression else 0.0
    return Head(centre, prototypes, regression, trust, multiple)


def unit(rows: Floats) -> Floats:
    """Rows of length one; zero rows stay zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Floats = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return scaled


def _centre(pool: Floats, dims: int) -> Floats:
    """The mean of the pool; nothing while it is too small to have a middle."""
    if len(pool) < SMALLEST_POOL:
        return np.zeros(dims, dtype=np.float32)
    mean: Floats = pool.mean(axis=0, dtype=np.float32)
    return mean


def _drawn_to(pool: Floats, firm: Floats) -> Floats:
    """(C, d) prototypes: what is known of each label, drawn to the unlabelled texts near it.

    Soft clustering on the sphere, begun at the labels (Banerjee et al. 2005). All texts together
    weigh as much as `POOL_ANSWERS` answers a label, so people's answers win in the end.
    """
    prototypes = unit(firm)
    for _ in range(POOL_ROUNDS if len(pool) else 0):
        shares = _softmax(POOL_SHARPNESS * (pool @ prototypes.T))
        prototypes = unit(firm + POOL_ANSWERS * len(firm) / len(pool) * (shares.T @ pool))
    return prototypes


def _chosen(answers: Sequence[Collection[int]], *, classes: int) -> Floats:
    """(k, C) of zeros and ones."""
    chosen = np.zeros((len(answers), classes), dtype=np.float32)
    for row, columns in enumerate(answers):
        chosen[row, list(columns)] = 1
    return chosen


def _regress(known: Floats, chosen: Floats, *, multiple: bool) -> Regression | None:
    if multiple:
        return _one_against_rest(known, chosen) if len(known) else None
    answered = chosen.any(axis=1)
    return multinomial(known[answered], chosen[answered].argmax(axis=1), chosen.shape[1])


def multinomial(
    known: Floats,
    classes: NDArray[np.intp],
    count: int,
    *,
    strength: float = REGRESSION_C,
    weight: Floats | None = None,
) -> Regression | None:
    """One softmax over the classes seen; None before two different ones were.

    `strength` is the inverse of the regularization, `weight` (n,) what each row counts for.
    """
    seen = np.unique(classes)
    if len(seen) < TWO:
        return None
    weights = np.zeros((count, known.shape[1]), dtype=np.float32)
    bias = np.full(count, NEVER, dtype=np.float32)
    fitted = _logistic(known, classes, strength=strength, weight=weight)
    rows, offsets = fitted.coef_, fitted.intercept_
    if len(seen) == TWO:  # scikit-learn keeps one row for two classes: the odds of the second
        rows, offsets = np.vstack([-rows / 2, rows / 2]), np.hstack([-offsets / 2, offsets / 2])
    weights[seen], bias[seen] = rows, offsets
    return Regression(weights, bias)


def _one_against_rest(known: Floats, chosen: Floats) -> Regression:
    """One logistic regression a label; a constant where the answers do not differ."""
    weights = np.zeros((chosen.shape[1], known.shape[1]), dtype=np.float32)
    bias = np.where(chosen.all(axis=0), -NEVER, NEVER).astype(np.float32)
    for column in np.flatnonzero(chosen.any(axis=0) & ~chosen.all(axis=0)):
        fitted = _logistic(known, chosen[:, column])
        weights[column], bias[column] = fitted.coef_[0], fitted.intercept_[0]
    return Regression(weights, bias)


def _logistic(
    known: Floats,
    classes: NDArray[Any],
    *,
    strength: float = REGRESSION_C,
    weight: Floats | None = None,
) -> Any:
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    # Problems this small run ten times longer when BLAS spreads them over threads.
    with threadpool_limits(1, user_api="blas"):
        regression = LogisticRegression(C=strength, max_iter=200, tol=1e-3)
        return regression.fit(known, classes, sample_weight=weight)


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _sigmoid(logits: Floats) -> Floats:
    odds: Floats = np.reciprocal(1 + np.exp(-logits))
    return odds
