"""A tokenizer that writes a prefix before every text and takes it out of what it reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inference.encoders.vocabulary import pieces_of

Offsets = list[tuple[int, int]]


class Prefixed:
    """`tokenizer`: a fast one of transformers. Texts are cut at `longest` tokens, with prefix.

    `room`: tokens left for a text.
    """

    def __init__(self, tokenizer: Any, prefix: str, *, longest: int) -> None:
        self.unknown: int | None = tokenizer.unk_token_id
        self.pad: int = tokenizer.pad_token_id or 0
        self._prefix = prefix
        self._cutting = tokenizer.backend_tokenizer
        # The file may pad to a length and cut at another, as MiniLM's does at 128.
        self._cutting.no_padding()
        self._cutting.no_truncation()
        self._whole = type(self._cutting).from_str(self._cutting.to_str())
        self._cutting.enable_truncation(longest)
        self._pieces = pieces_of(self._whole, self.unknown)
        self._before, self._after = self._frame()
        seam = bool(prefix)  # the space between the two may become a piece of its own
        self.room = max(1, longest - self._before - self._after - seam)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids, special tokens and prefix included."""
        prefixed = [self._prefix + text for text in texts]
        return [encoding.ids for encoding in self._cutting.encode_batch_fast(prefixed)]

    def encodings(self, texts: Sequence[str]) -> list[Any]:
        return list(self._cutting.encode_batch([self._prefix + text for text in texts]))

    def offsets(self, text: str) -> Offsets:
        """Of all tokens of a text however long, in code points of the text itself."""
        return self.shifted(self._whole.encode(self._prefix + text))

    def shifted(self, encoding: Any) -> Offsets:
        """Offsets as if there were no prefix: (0, 0) for its tokens."""
        shift = len(self._prefix)
        return [(max(start - shift, 0), max(end - shift, 0)) for start, end in encoding.offsets]

    def can_read(self, ids: list[int]) -> bool:
        """Whether the vocabulary has words of a text, special tokens and prefix left aside."""
        return self._pieces.can_read(ids[self._before : len(ids) - self._after])

    def _frame(self) -> tuple[int, int]:
        """How many tokens stand before and after those of a text."""
        encoding = self._whole.encode(self._prefix + "x")
        special = encoding.special_tokens_mask
        begin = special.index(0) if 0 in special else 0
        after = special[::-1].index(0) if 0 in special else 0
        last = len(self._prefix.rstrip())
        inner = encoding.offsets[begin : len(special) - after]
        return begin + sum(0 < end <= last for _, end in inner), after
