"""Where the tokens of a text lie, in three tokenizations; white space belongs to none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import regex

WORDS, WHITESPACE, CHARACTERS = "words", "whitespace", "characters"

Places = list[tuple[int, int]]

_SEGMENT = {
    WORDS: regex.compile(r"(?V1wms).+?\b"),
    CHARACTERS: regex.compile(r"\X"),
}
# str.isspace knows a few more than \s of either module.
_SOLID = re.compile(r"[^\s\x1c-\x1f\x85]+")


def tokens_of(text: str, tokenization: str) -> Places:
    """Start and end of every token.

    `words` are the words of Unicode (UAX 29) with punctuation apart, `whitespace` whatever
    white space separates, `characters` what a reader takes for one character.
    """
    if tokenization == WHITESPACE:
        return [found.span() for found in _SOLID.finditer(text)]
    return [
        place
        for segment in _SEGMENT[tokenization].finditer(text)
        for place in _solid(text, *segment.span())
    ]


def _solid(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A mark on a space makes one segment of both."""
    for found in _SOLID.finditer(text, start, end):
        yield found.span()


def aligned(text: str, tokens: Sequence[str]) -> Places | None:
    """Where these tokens stand in a text, with nothing but white space between; else None."""
    places: Places = []
    at = 0
    for token in tokens:
        start = at
        while start < len(text) and text[start].isspace() and not text.startswith(token, start):
            start += 1
        if not token or not text.startswith(token, start):
            return None
        at = start + len(token)
        places.append((start, at))
    return None if text[at:].strip() else places


def joined(tokens: Sequence[str], between: str) -> tuple[str, Places]:
    """A text made of tokens, and where they stand in it."""
    places: Places = []
    at = 0
    for token in tokens:
        places.append((at, at + len(token)))
        at += len(token) + len(between)
    return between.join(tokens), places
