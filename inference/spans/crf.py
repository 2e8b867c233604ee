"""A linear-chain conditional random field on hand-made features (Lafferty, McCallum and Pereira,
2001): it reads letters, so it also knows scripts that the encoder does not.

Plain arrays, trained by L-BFGS on all chains side by side; safe between threads, no pickle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.packing import Tensors, packed, unpacked
from inference.spans import bio
from inference.spans.bio import Doubles, Tags
from inference.spans.crf_features import attributes
from inference.spans.words import STOPS

ROUNDS = 20
STIFFNESS = 0.3
"""Of the penalty on the square of weights."""
SEEN_TWICE = 2
LONGEST_CHAIN = 64
"""Words; a longer text is cut, at the end of a sentence where there is one."""

Names = Sequence[Sequence[str]]


class Beliefs(NamedTuple):
    """(w, tags) marginals, the (tags, tags) expected steps, and the log of the partition."""

    tags: Doubles
    steps: Doubles
    log_total: float


@dataclass(frozen=True, slots=True)
class Crf:
    """`weights` (a, tags) of what may be so of a word, `steps` (tags, tags) from tag to tag."""

    names: Sequence[str]
    weights: Doubles
    steps: Doubles
    rows: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows = {name: row for row, name in enumerate(self.names)}
        object.__setattr__(self, "rows", rows)

    def probabilities(self, words: Sequence[str], names: Names | None = None) -> Doubles:
        """(w, tags) marginals: rows sum to one. `names`: the attributes, if they are known."""
        told = [
            [self.rows[name] for name in of if name in self.rows]
            for of in (attributes(words) if names is None else names)
        ]
        scores = np.array([self.weights[rows].sum(axis=0) for rows in told])
        scores = scores.reshape(-1, len(self.steps))
        bounds = cuts(words)
        chains = Chains([end - start for start, end in bounds])
        marginals = np.empty_like(scores)
        marginals[chains.order] = chains.beliefs(scores[chains.order], self.steps).tags
        return marginals

    def tensors(self) -> Tensors:
        return {**packed(self.names), "weights": self.weights, "steps": self.steps}

    @classmethod
    def from_tensors(cls, tensors: Tensors) -> Crf:
        """Raises KeyError and ValueError for arrays that are none of this kind."""
        return cls(unpacked(tensors), tensors["weights"], tensors["steps"])


class Chains:
    """Sequences of words side by side: all first words, then all second ones, and so on.

    `order` are the places, in that order, of the words of the sequences one after the other.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        starts = np.cumsum([0, *lengths])[:-1]
        longest_first = np.argsort(-np.array(lengths, dtype=np.intp), kind="stable")
        starts, left = starts[longest_first], np.array(lengths, dtype=np.intp)[longest_first]
        sizes = [int((left > place).sum()) for place in range(max(lengths, default=0))]
        rows = [starts[:size] + place for place, size in enumerate(sizes)]
        self.order: NDArray[np.intp] = np.concatenate(rows) if rows else starts[:0]
        ends = np.cumsum([0, *sizes]).tolist()
        self.parts = [slice(start, end) for start, end in pairwise(ends)]

    def beliefs(self, scores: Doubles, steps: Doubles) -> Beliefs:
        """What (n, tags) scores, in this order, and steps make of each word: forward-backward."""
        tops = scores.max(axis=1, keepdims=True, initial=0)
        powers = np.exp(scores - tops)
        powers[: self.parts[0].stop if self.parts else 0, 2::2] = 0  # nothing goes on at first
        follows = np.exp(steps) * bio.may_follow(len(steps))
        before, scale = self._forward(powers, follows)
        powers /= scale
        after, taken = np.ones_like(powers), np.zeros_like(follows)
        for here, then in reversed(list(pairwise(self.parts))):
            size = then.stop - then.start
            rest = powers[then] * after[then]
            after[here.start : here.start + size] = rest @ follows.T
            taken += before[here][:size].T @ rest
        return Beliefs(before * after, taken * follows, float(np.log(scale).sum() + tops.sum()))

    def _forward(self, powers: Doubles, follows: Doubles) -> tuple[Doubles, Doubles]:
        before, scale = np.empty_like(powers), np.ones((len(powers), 1))
        reached = None
        for part in self.parts:
            here = powers[part] if reached is None else powers[part] * (
                reached[: part.stop - part.start] @ follows
            )  # fmt: skip
            scale[part] = np.maximum(here.sum(axis=1, keepdims=True), np.finfo(float).tiny)
            before[part] = reached = here / scale[part]
        return before, scale


def cuts(words: Sequence[str]) -> list[tuple[int, int]]:
    """Where a text is cut so that no part is longer than `LONGEST_CHAIN`."""
    bounds, start = [], 0
    while len(words) - start > LONGEST_CHAIN:
        last = start + LONGEST_CHAIN
        half = start + LONGEST_CHAIN // 2
        end = next((place for place in range(last, half, -1) if words[place - 1] in STOPS), last)
        bounds.append((start, end))
        start = end
    return [*bounds, (start, len(words))] if len(words) else []


def fit(names: Sequence[Names], tags: Sequence[Tags], count: int) -> Crf:
    """From chains: what is so of each word, and its tag of `count`. A word counts by its chain."""
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    seen = Counter(chain.from_iterable(chain.from_iterable(names)))
    known = [name for name, times in seen.items() if times >= SEEN_TWICE]
    loss = _Loss(names, tags, {name: row for row, name in enumerate(known)}, count)
    start = np.zeros((len(known) + count) * count)
    with threadpool_limits(1, user_api="blas"):
        best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS})
    weights, steps = loss.parted(best.x)
    return Crf(known, weights, steps)


class _Loss:
    """The penalised negative log likelihood of the tags, and its gradient, of flat weights."""

    def __init__(
        self, names: Sequence[Names], tags: Sequence[Tags], rows: Mapping[str, int], count: int
    ) -> None:
        self.chains = Chains([len(of) for of in tags])
        every = list(chain.from_iterable(names))
        self.told = _table([every[place] for place in self.chains.order], rows)
        self.untold = self.told.T.tocsr()
        self.truth = np.eye(count)[np.concatenate(tags)[self.chains.order]]
        self.steps = np.zeros((count, count))
        for of in tags:
            np.add.at(self.steps, (of[:-1], of[1:]), 1)
        self.seen = self.untold @ self.truth

    def parted(self, flat: Doubles) -> tuple[Doubles, Doubles]:
        count = len(self.steps)
        return flat[: -count * count].reshape(-1, count), flat[-count * count :].reshape(count, -1)

    def __call__(self, flat: Doubles) -> tuple[float, Doubles]:
        weights, steps = self.parted(flat)
        found = self.chains.beliefs(self.told @ weights, steps)
        fits = (weights * self.seen).sum() + (steps * self.steps).sum()
        slope = np.concatenate(
            [(self.untold @ found.tags - self.seen).ravel(), (found.steps - self.steps).ravel()]
        )
        loss = found.log_total - fits + STIFFNESS / 2 * (flat @ flat)
        return float(loss), slope + STIFFNESS * flat


def _table(names: Names, rows: Mapping[str, int]) -> Any:
    """A sparse (w, a) table of ones where something is so."""
    from scipy.sparse import csr_array

    known = [[rows[name] for name in of if name in rows] for of in names]
    ends = np.cumsum([0, *map(len, known)])
    columns = np.fromiter(chain.from_iterable(known), dtype=np.intp, count=ends[-1])
    return csr_array((np.ones(ends[-1]), columns, ends), shape=(len(names), len(rows)))
