"""Spans drawn into a text that is only read: the words stay what they are, to the character."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

LONE_CR = re.compile(r"\r(?!\n)")


class Mark(NamedTuple):
    """`text[start:end]` under a label (its id and name), in the text that it is drawn into."""

    start: int
    end: int
    label: int
    name: str


@dataclass(slots=True)
class Piece:
    """An open `<mark>`: where its tag stands in the output, to be written when it closes."""

    mark: Mark
    tag: int
    begins: bool


def exact_part(text: str, start: int, end: int) -> SafeString:
    """A part of a text as HTML whose `textContent` is that part, to the character.

    A browser's parser would turn CR into LF, so CR goes as a character reference. One that
    stands alone is a line break to its author but not to CSS: the `<br>` adds no character.
    """
    part = text[start:end]
    # A mark may end between CR and LF; together they are one line break all the same.
    halved = part.endswith("\r") and text[end : end + 1] == "\n"
    body = part[:-1] if halved else part
    html = LONE_CR.sub("\r<br>", escape(body)) + ("\r" if halved else "")
    return mark_safe(html.replace("\r", "&#13;"))


def drawn(text: str, marks: Iterable[Mark]) -> SafeString:
    """The text with its marks. A label's name is an attribute, so copying copies the text alone.

    Where marks cross, the inner one is cut: its pieces say which begins and which ends it.
    """
    clipped = (mark._replace(end=min(mark.end, len(text))) for mark in set(marks))
    every = sorted((m for m in clipped if m.start < m.end), key=_outer_first)
    cuts = sorted({place for mark in every for place in (mark.start, mark.end)})
    html: list[str] = []
    pieces: list[Piece] = []
    place, following = 0, iter(every)
    upcoming = next(following, None)
    for cut in cuts:
        html.append(exact_part(text, place, cut))
        place = cut
        here = [piece.mark for piece in pieces if piece.mark.end > cut]
        while upcoming is not None and upcoming.start == cut:
            here.append(upcoming)
            upcoming = next(following, None)
        _reopen(sorted(here, key=_outer_first), cut, pieces, html)
    html.append(exact_part(text, place, len(text)))
    return mark_safe("".join(html))


def _reopen(wanted: list[Mark], cut: int, pieces: list[Piece], html: list[str]) -> None:
    """Close the marks that end here or stand in the way, and open those that go on or begin."""
    pairs = zip(pieces, wanted, strict=False)
    kept = len(list(takewhile(lambda pair: pair[0].mark == pair[1], pairs)))
    while len(pieces) > kept:
        piece = pieces.pop()
        html[piece.tag] = _tag(piece, ends=piece.mark.end == cut)
        html.append("</mark>")
    for mark in wanted[kept:]:
        pieces.append(Piece(mark, len(html), begins=mark.start == cut))
        html.append("")


def _outer_first(mark: Mark) -> tuple[int, int, int]:
    return mark.start, -mark.end, mark.label


def _tag(piece: Piece, *, ends: bool) -> str:
    return format_html(
        '<mark class="span label-{}{}{}" data-name="{}" title="{}">',
        piece.mark.label,
        " begins" if piece.begins else "",
        " ends" if ends else "",
        piece.mark.name,
        piece.mark.name,
    )
