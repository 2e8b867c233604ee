"""A span of a text, and what can be wrong with one. Offsets are code points, half-open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import regex

SHOWN = 40
CLUSTER = regex.compile(r"\X")
PLAIN = re.compile(r"[ -~]*")
NEAR = 64
"""Characters beside an end that decide whether it cuts a cluster; nobody writes longer ones."""


class Span(NamedTuple):
    """`text[start:end]` of one field, under a label (its id)."""

    field: str
    start: int
    end: int
    label: int


class BadSpan(Exception):
    """These values are no span of this document; the message says why."""


def read_span(value: Any, texts: Mapping[str, str]) -> Span:
    """The span that a page sent, its quote compared with the text. Raises BadSpan."""
    match value:
        case {"field": str(field), "start": int(start), "end": int(end), "label": int(label)}:
            span = Span(field, start, end, label)
        case _:
            raise BadSpan("that is not a span.")
    if why := misplaced(span, texts):
        raise BadSpan(why)
    if "quote" in value and value["quote"] != quote_of(span, texts):
        raise BadSpan(
            f"the page marked {shown(str(value['quote']))} where the text says "
            f"{shown(quote_of(span, texts))}. Reload the page and mark it again."
        )
    return span


def misplaced(span: Span, texts: Mapping[str, str]) -> str:
    """Why the span does not lie in these texts; "" if it does."""
    if span.field not in texts:
        return f"there is no text named {shown(span.field)}."
    length = len(texts[span.field])
    if not 0 <= span.start < span.end <= length:
        return f"{span.start} to {span.end} is not a part of a text of {length} characters."
    return ""


def quote_of(span: Span, texts: Mapping[str, str]) -> str:
    return texts[span.field][span.start : span.end]


def first_overlap(spans: Iterable[Span]) -> tuple[Span, Span] | None:
    """Two spans of one field that share a character, if any do."""
    for before, after in pairwise(sorted(set(spans))):
        if before.field == after.field and after.start < before.end:
            return before, after
    return None


def cuts_a_character(span: Span, texts: Mapping[str, str]) -> bool:
    """Whether an end falls inside what a reader takes for one character (UAX 29 cluster)."""
    text = texts[span.field]
    return _is_inside(text, span.start) or _is_inside(text, span.end)


def _is_inside(text: str, place: int) -> bool:
    first = max(place - NEAR, 0)
    around = text[first : place + NEAR]
    if not 0 < place < len(text) or (
        PLAIN.fullmatch(around[place - first - 1 : place - first + 1])
    ):
        return False
    ends = {found.end() + first for found in CLUSTER.finditer(around)}
    return place not in ends


def warnings_for(spans: Sequence[Span], texts: Mapping[str, str]) -> list[str]:
    """What is kept as it is, but was perhaps not meant."""
    return [
        f"{shown(quote_of(span, texts))} begins or ends inside a character. It was kept so."
        for span in spans
        if cuts_a_character(span, texts)
    ]


def shown(text: str) -> str:
    """A quote inside a message: short, on one line."""
    line = " ".join(text.split()) or text
    return f"“{line[:SHOWN]}…”" if len(line) > SHOWN else f"“{line}”"
