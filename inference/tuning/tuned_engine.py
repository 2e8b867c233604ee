"""A tuned encoder as an engine: what it makes of a word is the probability of each tag."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy as files
from numpy.typing import NDArray

from inference.choices.regression import Floats
from inference.encoders.reading import Reading, Window
from inference.engine import EngineError
from inference.tuning.network import SPECIAL, Network

NOT_THERE = "The tuned encoder is not on this machine, or is damaged."


@dataclass(frozen=True, slots=True)
class Artifact:
    """Where a tuned version lies: its file, and the folder of the encoder that it was tuned from.

    `columns` are the labels, by id, that its tags stand for.
    """

    name: str
    folder: Path
    file: Path
    sha256: str
    columns: tuple[int, ...]


class TunedEngine:
    """Reads words only; loaded on first use, on the thread it is used from."""

    title = "Tuned encoder"
    dims = 0

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.name = artifact.name
        self.columns = artifact.columns
        self.word_dims = 1 + 2 * len(artifact.columns)
        self._network: Network | None = None
        self._is_broken = False

    def start(self) -> None:
        """Load it. Raises EngineError when it is missing or not what was stored; once for all."""
        if self._network is not None:
            return
        if self._is_broken:
            raise EngineError(NOT_THERE)
        self._is_broken = True
        try:
            data = self.artifact.file.read_bytes()
            if hashlib.sha256(data).hexdigest() != self.artifact.sha256:
                raise EngineError(NOT_THERE)
            network = Network.load(self.artifact.folder, tags=self.word_dims, seed=0)
            network.take(files.load(data))
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise EngineError(NOT_THERE) from error
        self._network, self._is_broken = network, False

    def stop(self) -> None:
        self._network = None

    def warm_up(self) -> None:
        self.start()

    def token_lengths(self, texts: Sequence[str]) -> list[int]:
        network = self._loaded()
        return [min(len(network.piece(text).ids), network.room + SPECIAL) for text in texts]

    def encode(self, texts: Sequence[str]) -> Floats:
        """It has no vectors of texts."""
        return np.zeros((len(texts), 0), dtype=np.float32)

    def windows(self, text: str) -> list[Window]:
        return self._loaded().windows(text)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        network = self._loaded()
        shares = network.probabilities([network.piece(text) for text in texts])
        return [Reading(None, one.astype(np.float16)) for one in shares]

    def _loaded(self) -> Network:
        self.start()
        assert self._network is not None  # noqa: S101 - start raises otherwise
        return self._network


def packed(network: Network) -> bytes:
    """The tuned tensors as safetensors: nothing is ever executed by reading them."""
    data: bytes = files.save(network.tensors())
    return data


def aligned(shares: NDArray[np.floating], had: Sequence[int | None], has: Sequence[int]) -> Floats:
    """(w, tags) for the labels `had` as (w, tags) for the labels there are now.

    What it says of labels that are gone counts for outside; of new ones it knows nothing.
    """
    if tuple(had) == tuple(has):
        return shares.astype(np.float32)
    rows = np.zeros((len(shares), 1 + 2 * len(has)), dtype=np.float32)
    for column, label in enumerate(has):
        for old in (place for place, of in enumerate(had) if of == label):
            rows[:, 1 + 2 * column : 3 + 2 * column] += shares[:, 1 + 2 * old : 3 + 2 * old]
    rows[:, 0] = np.maximum(1 - rows[:, 1:].sum(axis=1), 0)
    return rows
