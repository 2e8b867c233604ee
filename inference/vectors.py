"""Vectors of texts: computed once per encoder, kept in the database, the recent ones in memory."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter, OrderedDict
from collections.abc import Collection, Mapping
from threading import Lock

import numpy as np
from django.db import transaction

from inference.batcher import Batcher
from inference.choices.heads import Floats
from inference.models import Vector

logger = logging.getLogger(__name__)

IN_MEMORY = 20_000
ROWS_PER_QUERY = 500


class Recent:
    """The vectors last used, by (encoder, text hash). Safe between threads."""

    def __init__(self, capacity: int = IN_MEMORY) -> None:
        self._capacity = capacity
        self._lock = Lock()
        self._vectors: OrderedDict[tuple[str, str], Floats] = OrderedDict()

    def get(self, encoder: str, text_hash: str) -> Floats | None:
        with self._lock:
            vector = self._vectors.get((encoder, text_hash))
            if vector is not None:
                self._vectors.move_to_end((encoder, text_hash))
            return vector

    def put(self, encoder: str, text_hash: str, vector: Floats) -> None:
        with self._lock:
            self._vectors[encoder, text_hash] = vector
            self._vectors.move_to_end((encoder, text_hash))
            if len(self._vectors) > self._capacity:
                self._vectors.popitem(last=False)

    def forget(self, text_hash: str) -> None:
        """Of one text, by every encoder."""
        with self._lock:
            for key in [key for key in self._vectors if key[1] == text_hash]:
                del self._vectors[key]

    def clear(self) -> None:
        with self._lock:
            self._vectors.clear()


recent = Recent()


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def cached(encoder: str, hashes: Collection[str]) -> dict[str, Floats]:
    """Text hash to vector (dims,) for those that are known. One query per 500 not in memory.

    A row that is damaged, which is of another length than the others, counts as not known.
    """
    found = {key: vector for key in hashes if (vector := recent.get(encoder, key)) is not None}
    missing = sorted(set(hashes) - found.keys())
    for start in range(0, len(missing), ROWS_PER_QUERY):
        chunk = missing[start : start + ROWS_PER_QUERY]
        rows = Vector.objects.filter(encoder=encoder, text_hash__in=chunk)
        for key, values in rows.values_list("text_hash", "values"):
            stored = bytes(values)
            found[key] = np.frombuffer(stored[: len(stored) // 4 * 4], dtype="<f4")
    whole = _of_one_length(encoder, found)
    for key in missing:
        if key in whole:
            recent.put(encoder, key, whole[key])
    return whole


def _of_one_length(encoder: str, vectors: dict[str, Floats]) -> dict[str, Floats]:
    lengths = Counter(len(vector) for vector in vectors.values())
    if len(lengths) < 2:  # noqa: PLR2004 - as nearly always
        return vectors
    [(length, whole)] = lengths.most_common(1)
    logger.error("vectors_damaged", extra={"encoder": encoder, "rows": len(vectors) - whole})
    return {key: vector for key, vector in vectors.items() if len(vector) == length}


def keep(encoder: str, vectors: Mapping[str, Floats]) -> None:
    """Store vectors by text hash; those already there stay as they are."""
    Vector.objects.bulk_create(
        (
            Vector(encoder=encoder, text_hash=key, values=vector.astype("<f4").tobytes())
            for key, vector in vectors.items()
        ),
        ignore_conflicts=True,
        batch_size=ROWS_PER_QUERY,
    )
    transaction.on_commit(lambda: _remember(encoder, vectors))


def encoded(encoder: str, batcher: Batcher, texts: Mapping[str, str]) -> dict[str, Floats]:
    """Text hash to vector for {text hash: text}, the missing ones computed and kept. Blocks."""
    known = cached(encoder, texts.keys())
    missing = [key for key in texts if key not in known]
    fresh = dict(zip(missing, batcher.encode_all([texts[key] for key in missing]), strict=True))
    keep(encoder, fresh)
    return known | fresh


def _remember(encoder: str, vectors: Mapping[str, Floats]) -> None:
    for key, vector in vectors.items():
        recent.put(encoder, key, vector)
