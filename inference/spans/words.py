"""The words of a text: what a suggested span is made of, and how they look.

A word is a run of letters, marks and digits; a single character in scripts that put no spaces
between words; any other visible character by itself. It never cuts what a reader takes for one
character (UAX 29). Spaces and control characters are no words. Offsets are code points, half-open.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import regex
from numpy.typing import NDArray

Places = NDArray[np.int32]
"""(w, 2): where each word begins and ends."""

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}ー\uff70\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
LETTER = rf"(?=[[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}]])"
HIDDEN = r"[\u00ad\u2060]"  # soft hyphen, word joiner: inside a word they part nothing
VISIBLE = r"(?=[^\p{Z}\p{C}])"
WORD = rf"(?:{LETTER}\X(?:{HIDDEN}+{LETTER})?)+|{VISIBLE}\X"
EVERYTHING = regex.compile(rf"(?V1)({WORD})|\X")  # what is no word is passed whole as well
STOPS = frozenset(".!?…。\uff01\uff1f")
OPENERS = frozenset("\"'“‘«([{-–—*•>")  # noqa: RUF001 - the characters meant
SHORT, LONG = 3, 7
POINTS = ".,;:!?'\"-()"


class Words(NamedTuple):
    """The w words of one text as an encoder reads them.

    `states` (w, word_dims): rows of layers joined, each of length one; zero for a word it cannot
    read. `shapes` (w, 25): what an encoder without case forgets. `tuned` (w, tags): what an encoder
    tuned for one question says of them, where there is one.
    """

    places: Places
    states: NDArray[np.floating]
    shapes: NDArray[np.uint8]
    tuned: NDArray[np.floating] | None = None

    def of(self, text: str) -> list[str]:
        return [text[start:end] for start, end in self.places.tolist()]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """(w,); numbers that are none (NaN) cannot be read either."""
        sums = np.abs(self.states).sum(axis=1, dtype=np.float32)
        readable: NDArray[np.bool_] = np.isfinite(sums) & (sums > 0)
        return readable


SHAPES = (
    "lower", "title", "upper", "mixed", "digits", "with_digit", "letter", "mark", "symbol",
    "short", "long", "first", "opens", "glued_before", "glued_after", "after_at", "after_hash",
    "shouted", "title_before", "title_after", "upper_before", "upper_after", "digits_before",
    "digits_after", "of_before",
)  # fmt: skip
CAPITALS = tuple(SHAPES.index(name) for name in ("title", "upper", "mixed"))


def word_places(text: str) -> Places:
    found = [match.span(1) for match in EVERYTHING.finditer(text) if match[1] is not None]
    return np.array(found, dtype=np.int32).reshape(-1, 2)


def shapes(text: str, places: Places) -> NDArray[np.uint8]:
    """(w, 25) of zeros and ones: case, digits and neighbours, which an uncased encoder forgets."""
    words = [text[start:end] for start, end in places.tolist()]
    table = np.zeros((len(words), len(SHAPES)), dtype=np.uint8)
    if not words:
        return table
    own = np.array([_own(word) for word in words], dtype=np.uint8)
    table[:, : own.shape[1]] = own
    column = {name: place for place, name in enumerate(SHAPES)}
    table[:, column["first"] : column["shouted"]] = _surroundings(text, words, places)
    cased = int(own[:, :4].sum()) or 1
    table[:, column["shouted"]] = own[:, 2].sum() > cased / 2
    for kind in ("title", "upper", "digits"):
        here = table[:, column[kind]]
        table[1:, column[f"{kind}_before"]] = here[:-1]
        table[:-1, column[f"{kind}_after"]] = here[1:]
    table[1:, column["of_before"]] = [word.islower() and len(word) <= SHORT for word in words[:-1]]
    return table


def _own(word: str) -> tuple[bool, ...]:
    letters = word.isalnum()
    return (
        word.islower(),
        word.istitle() and len(word) > 1,
        word.isupper() and len(word) > 1,
        not (word.islower() or word.isupper() or word.istitle()) and word.isalpha(),
        word.isdigit(),
        any(map(str.isdigit, word)) and not word.isdigit(),
        word.isupper() and len(word) == 1,
        not letters and word in POINTS,
        not letters and word not in POINTS,
        len(word) <= SHORT,
        len(word) >= LONG,
    )


def _surroundings(text: str, words: list[str], places: Places) -> NDArray[np.uint8]:
    """(w, 6): first of a sentence, after an opening mark, glued to a neighbour, after @ and #."""
    rows = np.zeros((len(words), 6), dtype=np.uint8)
    begins = True
    for row, (word, (start, end)) in enumerate(zip(words, places.tolist(), strict=True)):
        before, after = text[start - 1 : start], text[end : end + 1]
        rows[row] = (
            begins,
            before in OPENERS and bool(before),
            bool(before.strip()),
            bool(after.strip()),
            before == "@",
            before == "#",
        )
        begins = word in STOPS or (begins and word in OPENERS)
    return rows
