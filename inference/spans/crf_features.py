"""What a CRF is told of a word: the word itself, how it begins, ends and looks, its neighbours.

Each is the name of something that is so, as `w=paris`; nothing is said of what is not so.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

AFFIXES = (2, 3, 4)
EDGE = "edge"


def attributes(words: Sequence[str]) -> list[list[str]]:
    """For each word of a text the names of what is so."""
    around = [EDGE, *words, EDGE]
    looks = [EDGE, *map(_looks, words), EDGE]
    return [
        [
            *_own(word),
            *(f"{side}{name}" for side, place in (("<", row), (">", row + 2))
              for name in _seen(around[place], looks[place])),
            f"s={looks[row + 1]}",
            f"<s={looks[row]} {looks[row + 1]}",
            f">s={looks[row + 1]} {looks[row + 2]}",
        ]
        for row, word in enumerate(words)
    ]  # fmt: skip


def _own(word: str) -> list[str]:
    lower = word.lower()
    begins = [f"{length}b={lower[:length]}" for length in AFFIXES if len(word) > length]
    ends = [f"{length}e={lower[-length:]}" for length in AFFIXES if len(word) > length]
    return ["any", f"w={lower}", *begins, *ends]


def _seen(word: str, looks: str) -> list[str]:
    """What is told of a neighbour."""
    lower = word.lower()
    return [f"w={lower}", f"e={lower[-3:]}", f"s={looks}"]


def _looks(word: str) -> str:
    """The kinds of its characters, runs as one: `Xx9` of Ada36. Other characters are themselves."""
    return "".join(kind for kind, _ in groupby(word, _kind))


def _kind(character: str) -> str:
    if character.isdigit():
        return "9"
    if not character.isalpha():
        return character
    return "X" if character.isupper() else "x"
