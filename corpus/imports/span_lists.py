"""A list of spans as a file holds it, in the shapes that the field uses, checked against the texts.

An entry is an object or a triple `[start, end, label]`. Objects say `start` and `end` (also
`start_offset` and `end_offset`, or `span: [start, end]`), `label` (also `labels`, `type`, `tag`),
and `field` where a document has several texts. A `text` or `quote` is compared with the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from corpus.checks import Wrong, shown
from corpus.imports.offsets import offset_hint
from corpus.record import SpanValue
from labeling.spans import Span, cuts_a_character

STARTS, ENDS = ("start", "start_offset", "begin"), ("end", "end_offset")
LABELS = ("label", "labels", "type", "tag")
QUOTES = ("text", "quote")
PERHAPS_QUOTES = ("name", "surface", "mention", "word")
"""Compared with the text too, but other things are called so: what differs is kept, not refused."""

MOST_SPANS = 2000
"""Of one question in one document, as on the labelling page."""

SHAPE = 'Write {"start": 0, "end": 5, "label": "NAME"}: code points, the end exclusive.'


@dataclass(frozen=True, slots=True)
class Entry:
    """One span of a list; `score` is a prediction's. `is_said`: nothing else stood in the entry."""

    span: SpanValue
    score: Any = None
    is_said: bool = True


def entries_in(
    value: Any, texts: Mapping[str, str], fields: Iterable[str], *, scored: bool = False
) -> list[Entry]:
    """The spans of a list. Raises Wrong.

    `texts` holds every field of the document, `fields` those that a span may lie in.
    """
    if not isinstance(value, list):
        raise Wrong(f"{shown(value)} is not a list of spans.", SHAPE)
    if len(value) > MOST_SPANS:
        message = f"There are {len(value):,} spans; {MOST_SPANS:,} is the most."
        raise Wrong(message, "Split the text into several documents.")
    found: list[Entry] = []
    for number, entry in enumerate(value, 1):
        try:
            found += _Reading(entry, texts, tuple(fields), scored=scored).entries()
        except Wrong as wrong:
            raise Wrong(f"Span {number}: {wrong.message}", wrong.remedy) from None
    return found


def first_overlap(spans: Iterable[SpanValue]) -> tuple[SpanValue, SpanValue] | None:
    """Two spans of one field that share a character, if any do."""
    for before, after in pairwise(sorted(set(spans))):
        if before.field == after.field and after.start < before.end:
            return before, after
    return None


def is_inside_a_character(span: SpanValue, texts: Mapping[str, str]) -> bool:
    return cuts_a_character(Span(span.field, span.start, span.end, 0), texts)


def quote_of(span: SpanValue, texts: Mapping[str, str]) -> str:
    return texts[span.field][span.start : span.end]


class _Reading:
    """One entry of a list, its parts taken out one by one; what is left over is not ours."""

    def __init__(
        self, entry: Any, texts: Mapping[str, str], fields: tuple[str, ...], *, scored: bool
    ) -> None:
        self.texts = texts
        self.fields = fields
        self.scored = scored
        match entry:
            case dict():
                self.parts = dict(entry)
            case [start, end, label]:
                self.parts = {"start": start, "end": end, "label": label}
            case _:
                raise Wrong(f"{shown(entry)} is not a span.", SHAPE)

    def entries(self) -> list[Entry]:
        """A span for each of its labels; that is nearly always one."""
        start, end = self.offsets()
        labels = self.labels()
        score = self.parts.pop("score", None) if self.scored else None
        field = self._field()
        self._check_place(field, start, end)
        self._check_quotes(field, start, end)
        said = not self.parts
        return [Entry(SpanValue(field, start, end, label), score, said) for label in labels]

    def _take(self, names: Iterable[str]) -> Any:
        return next((self.parts.pop(name) for name in names if name in self.parts), None)

    def offsets(self) -> tuple[int, int]:
        both = self.parts.get("span")
        if isinstance(both, list) and len(both) == 2:  # noqa: PLR2004 - a start and an end
            start, end = self.parts.pop("span")
        else:
            start, end = self._take(STARTS), self._take(ENDS)
        for place in (start, end):
            if not isinstance(place, int) or isinstance(place, bool):
                raise Wrong(f"It runs from {shown(start)} to {shown(end)}.", SHAPE)
        return start, end

    def labels(self) -> list[str]:
        label = self._take(LABELS)
        labels = label if isinstance(label, list) else [label]
        for each in labels or [None]:
            # As elsewhere, a whole number will do for a name.
            if isinstance(each, bool) or not isinstance(each, str | int) or each == "":
                raise Wrong(f"{shown(label)} is not a label.", SHAPE)
        return [str(each) for each in labels]

    def _field(self) -> str:
        if isinstance(self.parts.get("field"), str):
            field: str = self.parts.pop("field")
            if field not in self.fields:
                known = ", ".join(shown(each) for each in self.fields)
                raise Wrong(f"There is no text {shown(field)}.", f"The texts are {known}.")
            return field
        filled = [field for field in self.fields if self.texts[field]]
        if len(self.fields) > 1 and len(filled) != 1:
            raise Wrong(
                "It does not say which text it lies in.",
                f'Add "field": one of {", ".join(shown(each) for each in self.fields)}.',
            )
        return (filled or self.fields)[0]

    def _check_place(self, field: str, start: int, end: int) -> None:
        length = len(self.texts[field])
        if 0 <= start < end <= length:
            return
        if start == end:
            raise Wrong(f"It is empty: it begins and ends at {start}.", "Leave it out.")
        quotes = [self.parts[name] for name in QUOTES if isinstance(self.parts.get(name), str)]
        hint = offset_hint(self.texts[field], start, end, quotes[0] if quotes else None)
        raise Wrong(
            f"{start} to {end} is not a part of a text of {length:,} characters.",
            hint or "Correct the offsets: code points, the end exclusive.",
        )

    def _check_quotes(self, field: str, start: int, end: int) -> None:
        found = self.texts[field][start:end]
        for name in PERHAPS_QUOTES:
            if self.parts.get(name) == found:
                del self.parts[name]
        for name in QUOTES:
            if not isinstance(self.parts.get(name), str):
                continue
            quote = self.parts.pop(name)
            if quote != found:
                hint = offset_hint(self.texts[field], start, end, quote)
                raise Wrong(
                    f"It says {shown(quote)}, but {start} to {end} of the text is {shown(found)}.",
                    hint or "Correct the offsets, or the text.",
                )


def looks_like_spans(value: Any) -> bool:
    """Whether this is a list of spans in a known shape, whatever their text and labels."""
    if not isinstance(value, list) or not value:
        return False
    anywhere = {"": ""}
    try:
        for entry in value:
            reading = _Reading(entry, anywhere, ("",), scored=False)
            reading.offsets()
            reading.labels()
    except Wrong:
        return False
    return True
