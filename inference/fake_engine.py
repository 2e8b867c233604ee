"""A stand-in for the encoder: deterministic, instant, without weights. For tests and trials."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from inference.heads import Floats, unit

WORD = re.compile(r"\w+")


class FakeEngine:
    """Hashed bags of words: texts that share words lie close together."""

    name = "fake"
    title = "Fake encoder"
    dims = 64

    def start(self) -> None:
        """Nothing to load."""

    def stop(self) -> None:
        """Nothing to free."""

    def warm_up(self) -> None:
        """Nothing to warm."""

    def token_lengths(self, texts: Sequence[str]) -> list[int]:
        return [min(len(WORD.findall(text)) + 2, 512) for text in texts]

    def encode(self, texts: Sequence[str]) -> Floats:
        rows = np.zeros((len(texts), self.dims), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in WORD.findall(text.lower()):
                rows[row] += _direction(word, self.dims)
        return unit(rows)


def _direction(word: str, dims: int) -> Floats:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(dims, dtype=np.float32)
