"""The tags of other people's token classifiers as ours: BIO, BILOU, BIOES and plain names."""

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

    An entity without a tag that begins it goes on where the word before belongs to it as well: as
    much as that is unlikely, it begins.
    """
    found = np.zeros((len(shares), tag_count(columns)), dtype=np.float32)
    for theirs, tag in enumerate(ours):
        found[:, tag] += shares[:, theirs]
    for begins in range(1, tag_count(columns), 2):
        if begins not in ours:
            inside = found[:, begins + 1]
            found[:, begins] = inside * (1 - np.concatenate([[0], inside])[: len(inside)])
            found[:, begins + 1] -= found[:, begins]
    return found


def _split(name: str) -> tuple[bool, str]:
    """Whether a tag begins an entity, and which; of O none."""
    if name.upper() == "O":
        return False, ""
    match = TAG.fullmatch(name)
    if match is None:
        return False, name
    return match[1].upper() in BEGINS, match[2]
