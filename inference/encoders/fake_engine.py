"""A stand-in for the encoder: deterministic, instant, without weights. For tests and trials."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from inference.choices.heads import Floats, unit
from inference.encoders.reading import Reading, States, Window, windows
from inference.spans.words import word_places

WORD = re.compile(r"\w+")


class FakeEngine:
    """Hashed bags of words: texts that share words lie close together."""

    name = "fake"
    title = "Fake encoder"
    dims = 64
    word_dims = 64

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

    def windows(self, text: str) -> list[Window]:
        places = word_places(text)
        return list(windows(places, [1] * len(places), room=510))

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """A word points in its own direction, and a little in that of the word before it."""
        return [
            Reading(vector, _word_states(text, self.word_dims))
            for text, vector in zip(texts, self.encode(texts), strict=True)
        ]


def _word_states(text: str, dims: int) -> States:
    words = [text[start:end].lower() for start, end in word_places(text).tolist()]
    rows = np.zeros((len(words), dims), dtype=np.float32)
    for row, word in enumerate(words):
        rows[row] = _direction(word, dims)
        if row:
            rows[row] += _direction(words[row - 1], dims) / 2
    return unit(rows).astype(np.float16)


@lru_cache(10_000)
def _direction(word: str, dims: int) -> Floats:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(dims, dtype=np.float32)
