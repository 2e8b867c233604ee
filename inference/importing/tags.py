"""The tags of other people's token classifiers as ours: BIO, IOB1, BILOU, BIOES, plain names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from inference.choices.heads import Floats
from inference.engine import EngineError
from inference.spans.bio import OUTSIDE, tag_count

TAG = re.compile(r"([BILUESM])[-_](.+)", re.IGNORECASE)
BEGINS = "BUS"
GENERIC = re.compile(r"LABEL_\d+", re.IGNORECASE)


class Tags(NamedTuple):
    """`entities`: in the order they first come. `ours`: by output column the tag of `spans.bio`."""

    entities: tuple[str, ...]
    ours: tuple[int, ...]


def read_tags(names: Sequence[str]) -> Tags:
    """What the outputs of a token classifier are called, understood. Raises EngineError."""
    if not any(name.upper() == "O" for name in names):
        generic = any(GENERIC.fullmatch(name) for name in names)
        way_out = " Name them in id2label of its config.json." if generic else ""
        raise EngineError(f"It has no tag O, for words outside.{way_out}")
    split = [_split(name) for name in names]
    entities = tuple(dict.fromkeys(entity for _, entity in split if entity))
    if not entities:
        raise EngineError("It knows no tag but O, so it marks nothing.")
    ours = (
        (1 if begins else 2) + 2 * entities.index(entity) if entity else OUTSIDE
        for begins, entity in split
    )
    return Tags(entities, tuple(ours))


def our_tags(shares: Floats, ours: Sequence[int], columns: int) -> Floats:
    """(w, outputs) probabilities of the words of a text, to (w, 1 + 2 columns) of our tags.

    As much as a word is likelier to go on with an entity than the word before is to belong to it,
    it begins one. So are read the schemes without tags that begin, and the one (IOB1) that has them
    only where two of the same entity touch: by its names it cannot be told from BIO.
    """
    found = np.zeros((len(shares), tag_count(columns)), dtype=np.float32)
    for theirs, tag in enumerate(ours):
        found[:, tag] += shares[:, theirs]
    if len(found):
        begins, inside = found[:, 1::2], found[:, 2::2]
        before = np.vstack([np.zeros((1, columns), dtype=np.float32), (begins + inside)[:-1]])
        alone = np.maximum(inside - before, 0)
        begins += alone
        inside -= alone
    return found


def joined(shares: Floats, labels: Sequence[int | None]) -> Floats:
    """(w, 1 + 2 columns) with all that columns of the same label say in the first of them."""
    found = shares.copy()
    for column, label in enumerate(labels):
        first = labels.index(label)
        if label is not None and first < column:
            found[:, 1 + 2 * first : 3 + 2 * first] += found[:, 1 + 2 * column : 3 + 2 * column]
            found[:, 1 + 2 * column : 3 + 2 * column] = 0
    return found


def _split(name: str) -> tuple[bool, str]:
    """Whether a tag begins an entity, and which; of O none."""
    if name.upper() == "O":
        return False, ""
    match = TAG.fullmatch(name)
    if match is None:
        return False, name
    return match[1].upper() in BEGINS, match[2]
