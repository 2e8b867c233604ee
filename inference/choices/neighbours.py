"""Unlabelled texts: where the middle of a corpus is, and which texts stand for which label."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.choices.regression import Floats, softmax, unit

SMALLEST_POOL = 20
NEIGHBOURS = 5
LEANING = np.float32(0.5)  # the length of what neighbours add to a vector of length one
ITSELF = 0.999
LARGEST = 127
POOL_SHARPNESS = 20.0
POOL_ANSWERS = 10
POOL_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The vectors of unlabelled texts: their mean `centre` (d,), and `texts` (m, d) around it.

    `texts` have length one and are rounded to eight bits a number, in which they are stored.
    """

    centre: Floats
    texts: Floats

    @classmethod
    def of(cls, centre: Floats, rounded: NDArray[np.int8]) -> Neighbours:
        """From the texts as `rounded` gives them."""
        return cls(centre, unit(rounded.astype(np.float32)))

    @property
    def rounded(self) -> NDArray[np.int8]:
        """(m, d): each row's largest number as 127."""
        largest = np.abs(self.texts).max(axis=1, keepdims=True, initial=1e-9)
        rounded: NDArray[np.int8] = np.rint(self.texts * (LARGEST / largest)).astype(np.int8)
        return rounded

    def centred(self, vectors: Floats) -> Floats:
        return unit(vectors - self.centre)

    def likeness(self, centred: Floats) -> Floats:
        """(n, d) to (n, m) cosines."""
        return centred @ self.texts.T

    def lean(self, centred: Floats, likeness: Floats | None = None) -> Floats:
        """Each vector (n, d) drawn to the texts most like it: one step of diffusion over the graph
        of nearest neighbours. A text does not lean on itself.
        """
        if not len(self.texts) or not len(centred):
            return centred
        alike = self.likeness(centred) if likeness is None else likeness
        alike = np.where(alike > ITSELF, np.float32(0), alike)
        places = np.argpartition(-alike, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        shares = np.maximum(np.take_along_axis(alike, places, axis=1), 0) ** 2
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
        drawn = np.einsum("nk,nkd->nd", shares, self.texts[places])
        return unit(centred + LEANING * drawn)


class Pool(NamedTuple):
    """Unlabelled texts to learn from, and the same (m, d) leaning on each other."""

    near: Neighbours
    leaned: Floats

    def half(self) -> Pool:
        """Every second text, where a rough answer will do."""
        return Pool(Neighbours(self.near.centre, self.near.texts[::2]), self.leaned[::2])

    def draw(self, firm: Floats) -> tuple[Floats, Floats]:
        """(C, d) prototypes: what is known of each label, drawn to the unlabelled texts near it;
        and (m,) how alike each text is to its prototype once its own part is taken out.

        Soft clustering on the sphere, begun at the labels (Banerjee et al. 2005). All texts
        together weigh as much as `POOL_ANSWERS` answers a label, so answers win in the end.
        """
        prototypes = unit(firm)
        if not len(self.leaned):
            return prototypes, np.zeros(0, dtype=np.float32)
        weight = np.float32(POOL_ANSWERS * len(firm) / len(self.leaned))
        for _ in range(POOL_ROUNDS):
            shares = softmax(POOL_SHARPNESS * (self.leaned @ prototypes.T))
            sums = firm + weight * (shares.T @ self.leaned)
            prototypes = unit(sums)
        own = shares.argmax(axis=1)
        without = sums[own] - (weight * shares.max(axis=1))[:, None] * self.leaned
        return prototypes, (self.near.texts * unit(without)).sum(axis=1)


def pooled(texts: Floats, dims: int) -> Pool:
    """Of vectors (m, d); nothing is centred while they are too few to have a middle."""
    readable = texts[np.isfinite(texts).all(axis=1) & texts.any(axis=1)]
    if len(readable) < SMALLEST_POOL:
        nothing = np.zeros((0, dims), dtype=np.float32)
        return Pool(Neighbours(np.zeros(dims, dtype=np.float32), nothing), nothing)
    return _pooled(readable.astype(np.float32).tobytes(), dims)


@lru_cache(maxsize=4)
def _pooled(texts: bytes, dims: int) -> Pool:
    """Kept, since the same pool serves many refits."""
    rows = np.frombuffer(texts, dtype=np.float32).reshape(-1, dims)
    centre = rows.mean(axis=0, dtype=np.float32)
    near = Neighbours.of(centre, Neighbours(centre, unit(rows - centre)).rounded)
    return Pool(near, near.lean(near.texts))
