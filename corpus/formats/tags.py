"""Tags of tokens and the spans of tokens they stand for: IOB1, IOB2 (BIO) and BIOES (BILOU)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

IOB1, IOB2, BIOES = "iob1", "iob2", "bioes"
SCHEMES = (IOB1, IOB2, BIOES)
OUTSIDE = ("O", "_")
"""`_` is how CoNLL-U writes a cell without a value."""

PREFIXES = {"B": "B", "I": "I", "E": "E", "L": "E", "S": "S", "U": "S"}
ONLY_BIOES = "ES"


class Chunk(NamedTuple):
    """Tokens `first` up to, and without, `after`."""

    first: int
    after: int
    label: str


class Repair(NamedTuple):
    """A tag that breaks the rules of its scheme, and how it was taken."""

    token: int
    message: str


class BadTag(Exception):
    """A tag that says nothing in its scheme."""

    def __init__(self, token: int, message: str) -> None:
        super().__init__(message)
        self.token, self.message = token, message


def is_tag(cell: str) -> bool:
    """Whether a cell can be a tag of any scheme."""
    prefix, dash, label = cell.partition("-")
    return cell in OUTSIDE or bool(prefix in PREFIXES and dash and label)


def scheme_of(sentences: Iterable[Sequence[str]]) -> str:
    """The scheme that these tags follow; IOB2, the most common, if they do not tell."""
    looks_like_iob1 = looks_like_iob2 = False
    for tags in sentences:
        before = ""
        for tag in tags:
            prefix, _, label = tag.partition("-")
            kind = PREFIXES.get(prefix, "")
            if kind and kind in ONLY_BIOES:
                return BIOES
            looks_like_iob2 |= kind == "B" and label != before
            looks_like_iob1 |= kind == "I" and label != before
            before = label if kind else ""
    return IOB1 if looks_like_iob1 and not looks_like_iob2 else IOB2


def decode(tags: Sequence[str], scheme: str) -> tuple[list[Chunk], list[Repair]]:
    """The chunks that tags stand for, and what was repaired. Raises BadTag.

    Broken sequences are taken as the usual scorers take them: what goes on where nothing was
    begun begins there.
    """
    decoder = _Decoder(scheme)
    for place, tag in enumerate(tags):
        decoder.take(place, tag)
    decoder.end(len(tags))
    return decoder.chunks, decoder.repairs


def encode(chunks: Iterable[Chunk], length: int, scheme: str) -> list[str]:
    """The tags of `length` tokens; the chunks must not overlap."""
    tags = ["O"] * length
    for first, after, label in chunks:
        tags[first:after] = [f"I-{label}"] * (after - first)
        tags[first] = f"B-{label}"
        if scheme == BIOES:
            tags[after - 1] = f"{'E' if after - first > 1 else 'S'}-{label}"
    return tags


class _Decoder:
    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.chunks: list[Chunk] = []
        self.repairs: list[Repair] = []
        self.first = 0
        self.label: str | None = None

    def take(self, place: int, tag: str) -> None:
        kind, label = self._parts(place, tag)
        goes_on = kind in {"I", "E"} and label == self.label
        if not goes_on:
            self.end(place)
            if kind == "E" or (kind == "I" and self.scheme != IOB1):
                message = f"{tag} goes on where no {label} was begun; taken as its beginning."
                self.repairs.append(Repair(place, message))
            if kind != "O":
                self.first, self.label = place, label
        if kind in ONLY_BIOES and self.label is not None:
            self._close(place + 1)

    def end(self, place: int) -> None:
        """Whatever is open ends before this token."""
        if self.label is None:
            return
        if self.scheme == BIOES:
            message = f"{self.label} is not ended by an E tag; taken to end here."
            self.repairs.append(Repair(place - 1, message))
        self._close(place)

    def _close(self, after: int) -> None:
        self.chunks.append(Chunk(self.first, after, self.label or ""))
        self.label = None

    def _parts(self, place: int, tag: str) -> tuple[str, str]:
        if tag in OUTSIDE:
            return "O", ""
        prefix, _, label = tag.partition("-")
        kind = PREFIXES.get(prefix, "")
        if not kind or not label or (kind in ONLY_BIOES and self.scheme != BIOES):
            raise BadTag(place, f"“{tag[:60]}” is not a tag of {self.scheme.upper()}.")
        return kind, label
