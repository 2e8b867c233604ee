"""Which pieces of a tokenizer's vocabulary tell that it has no words of a script.

A text in such a script falls into unknown pieces, single letters or single bytes. The vector that
an encoder makes of those says nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

SPELT_OUT = 0.5  # the share of such pieces from which a text is not read
LITERATE = 2000  # a vocabulary with fewer ideographs and syllables has them by accident
WHOLE = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")
"""Scripts of which one sign can be a word."""
PART = "\ufffd"


class Pieces(NamedTuple):
    """Ids of pieces that are no words: `unread` ones (unknown, single letters, parts of letters)
    and `blank` ones, of nothing but space.
    """

    unread: frozenset[int]
    blank: frozenset[int]

    def can_read(self, ids: Sequence[int]) -> bool:
        """Whether a text of these pieces is more than spelt out."""
        signs = [piece for piece in ids if piece not in self.blank]
        unread = sum(piece in self.unread for piece in signs)
        return bool(signs) and unread <= SPELT_OUT * len(signs)


def pieces_of(tokenizer: Any, unknown: int | None) -> Pieces:
    """Of a fast tokenizer whose piece for what it does not know is `unknown`."""
    in_bytes = type(tokenizer.model).__name__ == "BPE" and '"ByteLevel"' in tokenizer.to_str()
    table = _byte_table() if in_bytes else {}
    plain = {
        number: _plain(piece, table)
        for piece, number in tokenizer.get_vocab(with_added_tokens=False).items()
    }
    letters = {number: text for number, text in plain.items() if len(text) == 1 and text.isalpha()}
    whole = {number for number, text in letters.items() if _is_whole(text)}
    literate = len({letters[number] for number in whole}) >= LITERATE
    unread = {number for number, text in plain.items() if text == PART}
    unread |= set() if unknown is None else {unknown}
    unread |= letters.keys() - whole if literate else letters.keys()
    blank = frozenset(number for number, text in plain.items() if not text)
    return Pieces(frozenset(unread), blank)


def _plain(piece: str, table: dict[str, int]) -> str:
    """The text of a piece without the marks of its place in a word; PART for part of a letter."""
    if table and all(sign in table for sign in piece):
        text = bytes(table[sign] for sign in piece).decode("utf-8", "replace").strip()
        return text.strip(PART) or (PART if text else "")
    if piece.startswith("<0x") and piece.endswith(">"):
        return PART
    return piece.removeprefix("##").removeprefix("▁").removesuffix("</w>")


def _is_whole(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(WHOLE)


def _byte_table() -> dict[str, int]:
    """The sign that stands for each byte in vocabularies of bytes (GPT-2, RoBERTa)."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in shown]
    table = {chr(byte): byte for byte in shown}
    return table | {chr(256 + place): byte for place, byte in enumerate(others)}
