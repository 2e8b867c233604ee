"""One sentence of a CoNLL file: its text, its spans in it, and what had to be repaired."""

from __future__ import annotations

from dataclasses import dataclass, field

from corpus.cells import loads
from corpus.checks import shown
from corpus.formats import tags
from corpus.formats.blocks import Block, Columns
from corpus.formats.tokens import Places, aligned, joined

TEXT, TEXT_JSON = "text", "text_json"
"""Comments that hold the text; the second is ours, for a text with line breaks."""


class BadSentence(Exception):
    """Nothing can be made of it: the line, and why."""

    def __init__(self, line: int, message: str, remedy: str) -> None:
        super().__init__(message)
        self.line, self.message, self.remedy = line, message, remedy


@dataclass(slots=True)
class Sentence:
    """`notes`: a line and what was repaired there. `unused`: the comments that still say more."""

    text: str
    spans: list[tuple[int, int, str]]
    notes: list[tuple[int, str]]
    unused: list[tuple[str, str]]


@dataclass(slots=True)
class _Tokens:
    """Tokens with their tags. `units`: for each, which surface form it is (part) of."""

    forms: list[str] = field(default_factory=list)
    units: list[int] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def sentence_of(block: Block, columns: Columns, scheme: str, between: str) -> Sentence:
    """Raises BadSentence."""
    tokens = _tokens(block, columns)
    try:
        chunks, repairs = tags.decode(tokens.tags, scheme)
    except tags.BadTag as bad:
        raise BadSentence(
            tokens.lines[bad.token], bad.message, "Choose another column or scheme."
        ) from None
    used, text, places, notes = _text(block, tokens.forms, between)
    notes += [(tokens.lines[repair.token], repair.message) for repair in repairs]
    spans = []
    for first, after, label in chunks:
        inside = set(tokens.units[first:after])
        outside = {*tokens.units[:first], *tokens.units[after:]}
        start, end = places[tokens.units[first]][0], places[tokens.units[after - 1]][1]
        spans.append((start, end, label))
        if inside & outside:
            message = f"{label} marks a part of {shown(text[start:end])}; the whole was taken."
            notes.append((tokens.lines[first], message))
    unused = [comment for comment in block.comments if comment is not used]
    return Sentence(text, spans, notes, unused)


def _tokens(block: Block, columns: Columns) -> _Tokens:
    """Raises BadSentence. CoNLL-U: `3-4` is the surface of two words, `5.1` is not in the text."""
    found = _Tokens()
    until = 0
    for line, cells in block.lines:
        number = cells[columns.numbers] if columns.numbers is not None else ""
        form, tag = cells[columns.token], cells[columns.tag]
        if not form.strip():
            raise BadSentence(line, "The token of this line is empty.", "Correct the line.")
        first, dash, last = number.partition("-")
        if (dash or "." in number) and tag not in tags.OUTSIDE:
            message = f"Line {number} is no word of its own, yet it has the tag {shown(tag)}."
            raise BadSentence(line, message, "Put the tag on the words.")
        if dash and first.isdecimal() and last.isdecimal():
            until = int(last)
            found.forms.append(form)
        elif "." not in number:
            if not (until and number.isdecimal() and int(number) <= until):
                until = 0
                found.forms.append(form)
            found.units.append(len(found.forms) - 1)
            found.tags.append(tag)
            found.lines.append(line)
    return found


def _text(
    block: Block, forms: list[str], between: str
) -> tuple[tuple[str, str] | None, str, Places, list[tuple[int, str]]]:
    """The comment that holds the text, the text, where each form stands in it, what is odd."""
    notes: list[tuple[int, str]] = []
    for comment in block.comments:
        key, value = comment
        if key not in {TEXT, TEXT_JSON}:
            continue
        text = value if key == TEXT else _from_json(value)
        places = None if text is None else aligned(text, forms)
        if text is not None and places is not None:
            return comment, text, places, []
        message = f"The comment {key} does not hold these tokens; they were joined instead."
        notes.append((block.number, message))
    text, places = joined(forms, between)
    return None, text, places, notes


def _from_json(value: str) -> str | None:
    try:
        text = loads(value)
    except ValueError:
        return None
    return text if isinstance(text, str) else None
