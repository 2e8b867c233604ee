"""Fine-tuned models as engines of this process: what they make of a text, or of its words."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inference.choices.regression import Floats
from inference.encoders.reading import Reading, Window
from inference.engine import EngineError
from inference.importing.tags import joined
from inference.promoted.versions import Promoted
from inference.spans.bio import tag_count
from inference.spans.words import word_places
from inference.training.classifier import MAX_TOKENS, Classifier, Task, load

LEAST = np.float32(1e-7)
WARM_UP = "A short text to load every kernel before the first person waits for it."


class FolderEngine:
    """A Hugging Face folder, loaded on the thread that calls `start` and then used on the engine's.

    `multiple`: whether the question takes several labels.
    """

    title = "Fine-tuned"
    task: Task
    dims = 0
    word_dims = 0

    def __init__(
        self, folder: Path, promoted: Promoted, *, multiple: bool = False, max_tokens: int = 0
    ) -> None:
        self.name = promoted.encoder
        self.columns = promoted.columns
        self._multiple = multiple
        self._max_tokens = max_tokens or MAX_TOKENS
        self._folder = folder
        self._classifier: Classifier | None = None

    def start(self) -> None:
        """Load it. Raises EngineError."""
        if self._classifier is None:
            loaded = load(self._folder, self.task, max_tokens=self._max_tokens)
            if len(loaded.columns) != len(self.columns):
                raise EngineError(
                    f"The model tells {len(loaded.columns)} labels apart, not {len(self.columns)}."
                )
            self._classifier = loaded

    def stop(self) -> None:
        self._classifier = None

    @abstractmethod
    def warm_up(self) -> None:
        """Run once."""

    def token_lengths(self, texts: Sequence[str]) -> list[int]:
        parts = self.loaded.pieces.parts(texts)
        return [sum(len(ids) for ids in of) for of in parts]

    @property
    def loaded(self) -> Classifier:
        self.start()
        assert self._classifier is not None  # noqa: S101 - start raises otherwise
        return self._classifier


class ChoiceEngine(FolderEngine):
    """A vector of its own for each text: the log odds of its labels, in the order of `columns`."""

    task: Task = "choice"

    def start(self) -> None:
        super().start()
        self.dims = len(self.columns)

    def warm_up(self) -> None:
        self.encode([WARM_UP])

    def encode(self, texts: Sequence[str]) -> Floats:
        """(n, columns): logarithms of probabilities, or of odds where labels stand by themselves.

        Nothing, which is a row of zeros, is said of a text that it gives no numbers for.
        """
        shares = self.loaded.choose(texts)
        odd = ~np.isfinite(shares).all(axis=1)
        clipped = np.clip(shares, LEAST, 1 - LEAST)
        logits = np.log(clipped)
        if self._multiple:
            logits -= np.log1p(-clipped)
        logits[odd] = 0
        return logits.astype(np.float32)

    def windows(self, text: str) -> list[Window]:
        """It has no words of texts."""
        return []

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """It has no words of texts."""
        none = np.zeros((0, 0), dtype=np.float16)
        return [Reading(vector, none) for vector in self.encode(texts)]


class SpanEngine(FolderEngine):
    """Words only: what it makes of one is the probability of each tag (see `spans.bio`)."""

    task: Task = "span"

    def start(self) -> None:
        super().start()
        self.word_dims = tag_count(len(self.columns))

    def warm_up(self) -> None:
        self.read([WARM_UP])

    def encode(self, texts: Sequence[str]) -> Floats:
        """It has no vectors of texts."""
        return np.zeros((len(texts), 0), dtype=np.float32)

    def windows(self, text: str) -> list[Window]:
        """The whole text at once: the model cuts it by itself."""
        words = len(word_places(text))
        return [Window(0, len(text), 0, 0, words)]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        said = (joined(shares, self.columns) for shares in self.loaded.tag(texts))
        return [Reading(None, shares.astype(np.float16)) for shares in said]
