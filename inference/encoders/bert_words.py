"""The words of a text out of a BERT's layers: several joined, word pieces merged by their mean.

The last layer alone is made for sentences and is poor at words; the first knows the word itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.choices.heads import Floats
from inference.encoders.reading import States
from inference.spans.words import Places

LAYERS = 4


def layers_of(count: int) -> tuple[int, ...]:
    """Which hidden states are joined: the input, the output and two between, evenly spread."""
    return tuple(sorted({round(count * step / (LAYERS - 1)) for step in range(LAYERS)}))


def pieces_of(offsets: Sequence[tuple[int, int]], places: Places) -> NDArray[np.bool_]:
    """(w, t): which tokens, of these offsets, hold a part of which word."""
    ends = np.array(offsets, dtype=np.int32).reshape(-1, 2)
    touched: NDArray[np.bool_] = (ends[None, :, 0] < places[:, None, 1]) & (
        ends[None, :, 1] > places[:, None, 0]
    )
    return touched


def pieces_per_word(offsets: Sequence[tuple[int, int]], places: Places) -> list[int]:
    """How many tokens each word costs; what lies between words counts for the one before it."""
    if not len(places):
        return []
    starts = np.array([start for start, end in offsets if end > start], dtype=np.int32)
    cuts = np.searchsorted(starts, places[:, 0]).tolist()
    cuts[0] = 0
    return [after - before for before, after in zip(cuts, [*cuts[1:], len(starts)], strict=True)]


def word_states(layers: Floats, touched: NDArray[np.bool_], unknown: NDArray[np.bool_]) -> States:
    """(l, t, d) hidden states to (w, l * d): each layer's mean over a word, of length one.

    Zeros for a word without a token, or of nothing but `unknown` (t,) ones.
    """
    counts = touched.sum(axis=1)
    means = np.matmul(touched / np.maximum(counts, 1)[:, None].astype(np.float32), layers)
    lengths = np.linalg.norm(means, axis=2, keepdims=True)
    scaled = np.divide(means, lengths, out=np.zeros_like(means), where=lengths > 0)
    rows = scaled.transpose(1, 0, 2).reshape(len(touched), layers.shape[0] * layers.shape[2])
    rows[~(touched & ~unknown).any(axis=1)] = 0
    states: States = rows.astype(np.float16)
    return states
