"""Examples made ready for a model: token ids, and what is right for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.spans import bio
from inference.spans.words import word_places
from inference.training.lessons import Example, Lessons
from inference.training.pieces import Pieces

IGNORED = -100
"""What torch's cross-entropy passes over."""
BUCKET = 8
"""Batches that are cut together from texts sorted by length, so that little is padding."""
MOST_WEIGHT = 10.0


class Row(NamedTuple):
    """`parts`: token ids of a text's windows, one of which each pass reads. `target`: of a choice
    (C,) zeros and ones; of a window with spans (t,) tags, IGNORED where there is none.
    """

    parts: list[list[int]]
    target: NDArray[Any]

    def read_in(self, epoch: int) -> list[int]:
        return self.parts[epoch % len(self.parts)]


def rows_of(examples: Sequence[Example], lessons: Lessons, pieces: Pieces) -> list[Row]:
    if lessons.task == "span":
        return [row for one in examples for row in _windows(one, pieces)]
    parts = pieces.parts([one.text for one in examples])
    targets = np.zeros((len(examples), len(lessons.labels)), dtype=np.float32)
    for row, one in enumerate(examples):
        targets[row, list(one.columns)] = 1
    return [Row(*row) for row in zip(parts, targets, strict=True)]


def _windows(one: Example, pieces: Pieces) -> Iterator[Row]:
    """Every word is taught once, in the window in which it has the most context."""
    places = word_places(one.text)
    tags = bio.tags_of(bio.runs_of(one.marks, places), len(places))
    for window in pieces.windows(one.text):
        piece = pieces.piece(one.text[window.start : window.end])
        target = np.full(len(piece.ids), IGNORED, dtype=np.int64)
        taught = piece.readable.copy()
        taught[: window.first - window.base] = False
        taught[window.last - window.base :] = False
        here = tags[window.base : window.base + len(piece.first)]
        target[piece.first[taught]] = here[taught]
        if (target != IGNORED).any():
            yield Row([piece.ids], target)


def as_tensors(rows: Sequence[Row]) -> dict[str, Any]:
    """Rows with labels, to be stored beside weights; `from_tensors` reads them."""
    import torch

    if not rows:
        return {}
    parts = [ids for row in rows for ids in row.parts]
    return {
        "rows/ids": torch.tensor([each for ids in parts for each in ids], dtype=torch.int32),
        "rows/lengths": torch.tensor([len(ids) for ids in parts], dtype=torch.int32),
        "rows/parts": torch.tensor([len(row.parts) for row in rows], dtype=torch.int32),
        "rows/targets": torch.from_numpy(np.stack([row.target for row in rows])),
    }


def from_tensors(named: Mapping[str, Any]) -> list[Row]:
    if "rows/ids" not in named:
        return []
    ids, rows = iter(named["rows/ids"].tolist()), []
    parts = iter([list(islice(ids, length)) for length in named["rows/lengths"].tolist()])
    for count, target in zip(named["rows/parts"].tolist(), named["rows/targets"], strict=True):
        rows.append(Row(list(islice(parts, count)), target.numpy()))
    return rows


def order_of(lengths: Sequence[int], batch: int, seed: Sequence[int]) -> list[list[int]]:
    """Places of one pass in batches, those of a batch about equally long; the same by `seed`."""
    dice = np.random.default_rng(seed)
    order = dice.permutation(len(lengths)).tolist()
    batches = []
    for start in range(0, len(order), batch * BUCKET):
        bucket = sorted(order[start : start + batch * BUCKET], key=lengths.__getitem__)
        batches += [bucket[first : first + batch] for first in range(0, len(bucket), batch)]
    return [batches[place] for place in dice.permutation(len(batches)).tolist()]


def balanced(rows: Sequence[Row], lessons: Lessons) -> NDArray[np.float32]:
    """What an item of each label, or each tag, counts for so that rare ones weigh as much as
    others, up to `MOST_WEIGHT` times.
    """
    if lessons.task == "span":
        tags = np.concatenate([row.target for row in rows])
        counts = np.bincount(tags[tags != IGNORED], minlength=bio.tag_count(len(lessons.labels)))
    else:
        counts = np.sum([row.target for row in rows], axis=0)
    if lessons.multiple and lessons.task == "choice":  # a positive against the negatives
        weights = (len(rows) - counts) / np.maximum(counts, 1)
    else:
        weights = counts.sum() / (np.maximum(counts, 1) * len(counts))
    return np.clip(weights, 1 / MOST_WEIGHT, MOST_WEIGHT).astype(np.float32)
