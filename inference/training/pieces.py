"""Texts as a model reads them: token ids, in windows where a text is longer than that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.encoders.bert_model import load_tokenizer
from inference.encoders.bert_words import pieces_of, pieces_per_word
from inference.encoders.reading import Window, windows
from inference.spans.words import word_places
from inference.training.case import KINDS, case_of

SPECIAL = 2
"""Tokens that frame a text."""
MOST_PARTS = 8
"""Windows of one text that a choice looks at."""
ROUND_TO = 8
"""Lengths go in steps: every new shape costs the kernels a compilation."""


class Piece(NamedTuple):
    """A window of a text. `ids`: as `Pieces.inputs` takes them. `first` (w,): the token that stands
    for each word, as Devlin et al. (2019) tag; `readable` (w,): whether there is one.
    """

    ids: list[int]
    first: NDArray[np.intp]
    readable: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pieces:
    """The tokenizer of a folder, reading at most `longest` tokens at once.

    `tells_case`: whether the model is told how each token of a piece was written (see `case`).
    """

    tokenizer: Any
    longest: int
    pad: int
    tells_case: bool = False

    @classmethod
    def of(cls, folder: Path, *, longest: int, tells_case: bool = False) -> Pieces:
        """Raises EngineError."""
        tokenizer = load_tokenizer(folder)
        backend = tokenizer.backend_tokenizer
        backend.no_padding()
        backend.no_truncation()
        pad = tokenizer.pad_token_id
        return cls(backend, longest, int(pad) if pad is not None else 0, tells_case)

    def parts(self, texts: Sequence[str]) -> list[list[list[int]]]:
        """Of each text the ids of its windows, which overlap by a quarter; always one at least."""
        self.tokenizer.enable_truncation(self.longest, stride=(self.longest - SPECIAL) // 4)
        try:
            encodings = self.tokenizer.encode_batch(list(texts))
        finally:
            self.tokenizer.no_truncation()
        return [
            [part.ids for part in (whole, *whole.overflowing)][:MOST_PARTS] for whole in encodings
        ]

    def windows(self, text: str) -> list[Window]:
        """Where to cut a text so that every word is read with some context."""
        places = word_places(text)
        offsets = self.tokenizer.encode(text, add_special_tokens=False).offsets
        costs = pieces_per_word(offsets, places)
        return list(windows(places, costs, room=self.longest - SPECIAL))

    def piece(self, text: str) -> Piece:
        """A text, or a window of one, that is short enough to be read at once."""
        places = word_places(text)
        encoding = self.tokenizer.encode(text)
        touched = pieces_of(encoding.offsets, places)[:, : self.longest]
        first = touched.argmax(axis=1) if len(places) else np.zeros(0, dtype=np.intp)
        ids = encoding.ids[: self.longest]
        if self.tells_case:
            cases = [case_of(text[start:end]) for start, end in encoding.offsets]
            ids = [KINDS * of + case for of, case in zip(ids, cases, strict=False)]
        return Piece(ids, first, np.asarray(touched.any(axis=1)))

    def inputs(self, batch: Sequence[Sequence[int]], where: Any) -> dict[str, Any]:
        """What the model takes of pieces or parts, (n, longest of them) each, on a device."""
        ids, mask = self._padded(batch)
        if not self.tells_case:
            return {"input_ids": ids.to(where), "attention_mask": mask.to(where)}
        return {
            "input_ids": (ids // KINDS).to(where),
            "attention_mask": mask.to(where),
            "token_type_ids": (ids % KINDS).to(where),
        }

    def _padded(self, batch: Sequence[Sequence[int]]) -> tuple[Any, Any]:
        import torch

        longest = -(-max(map(len, batch)) // ROUND_TO) * ROUND_TO
        pad = self.pad * KINDS if self.tells_case else self.pad
        ids = np.full((len(batch), min(longest, self.longest)), pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, pieces in enumerate(batch):
            ids[row, : len(pieces)] = pieces
            mask[row, : len(pieces)] = 1
        return torch.from_numpy(ids), torch.from_numpy(mask)
