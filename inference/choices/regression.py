"""Softmax and logistic regression as plain arrays.

Pure numpy, scipy and scikit-learn, deterministic. Vectors are (n, d) float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

REGRESSION_C = 10.0
TWO = 2
NEVER = np.float32(-30)  # the bias of a label nobody has chosen: a probability of nothing
REMEMBERED = 5  # gradients that L-BFGS keeps


@dataclass(frozen=True, slots=True)
class Regression:
    """Weights (C, d) and bias (C,)."""

    weights: Floats
    bias: Floats

    def logits(self, vectors: Floats) -> Floats:
        """(n, d) to (n, C)."""
        scores: Floats = vectors @ self.weights.T + self.bias
        return scores


def near_to(
    prior: Regression,
    known: Floats,
    chosen: Floats,
    *,
    strength: float,
    multiple: bool,
    steps: int,
) -> Regression:
    """The most likely weights under a Gaussian prior around `prior`, of precision `strength`.

    `known` (k, d) with the answers `chosen` (k, C), or how likely each is: one softmax, or a
    sigmoid a label if multiple.
    Begun at the prior and taken `steps` steps of L-BFGS (Liu and Nocedal 1989) from there.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    start = np.column_stack([prior.weights, prior.bias])
    rows = np.column_stack([known, np.ones(len(known), dtype=np.float32)])

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(start.shape).astype(np.float32)
        cost, errors = _misfit(rows @ weights.T, chosen, multiple=multiple)
        away = weights - start
        slope = errors.T @ rows + strength * away
        return cost + 0.5 * strength * float((away * away).sum()), slope.ravel().astype(float)

    # Problems this small run ten times longer when BLAS spreads them over threads.
    with threadpool_limits(1, user_api="blas"):
        found = minimize(
            loss,
            start.ravel().astype(float),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": steps, "maxcor": REMEMBERED},
        )
    weights = found.x.reshape(start.shape).astype(np.float32)
    return Regression(np.ascontiguousarray(weights[:, :-1]), weights[:, -1].copy())


def _misfit(logits: Floats, chosen: Floats, *, multiple: bool) -> tuple[float, Floats]:
    """The negative log likelihood of the answers, and its gradient by the logits."""
    if multiple:
        cost = np.logaddexp(0, logits) - chosen * logits
        return float(cost.sum()), sigmoid(logits) - chosen
    shares = softmax(logits)
    likely = np.log(np.maximum(shares, np.finfo(np.float32).tiny))
    return -float((chosen * likely).sum()), shares - chosen


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


def _logistic(
    known: Floats,
    classes: NDArray[Any],
    *,
    strength: float,
    weight: Floats | None,
) -> Any:
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        regression = LogisticRegression(C=strength, max_iter=200, tol=1e-3)
        return regression.fit(known, classes, sample_weight=weight)


def softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def sigmoid(logits: Floats) -> Floats:
    odds: Floats = np.reciprocal(1 + np.exp(-np.clip(logits, -60, 60)))
    return odds


def unit(rows: Floats) -> Floats:
    """Rows of length one; zero rows stay zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Floats = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return scaled
