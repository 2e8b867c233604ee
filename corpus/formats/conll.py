"""CoNLL: a token a line, its tag in a column, a blank line between sentences. Spans as tags.

Read, a sentence (or a document) is a row: `text`, `token.tags` (spans, each with its quote), `id`,
and a column for each comment `# key = value`. The text is the comment `text` if the tokens stand
in it, else the tokens put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

from corpus.checks import storable
from corpus.formats import tags
from corpus.formats.blocks import Block, Columns, blocks, columns_of
from corpus.formats.comments import read_text, read_value
from corpus.formats.conll_writing import FIELD, WRITING, write
from corpus.formats.lines import MAX_ROW_BYTES, begin, too_long
from corpus.formats.options import Option
from corpus.formats.sentences import BadSentence, Sentence, sentence_of
from corpus.record import Problem, Row

__all__ = ["READING", "WRITING", "read", "write"]

TEXT, TAGS, ID = "text", "token.tags", "id"
"""Columns of every row. No question can be called `token.tags`."""

IDS = {"sentences": ("sent_id", "id"), "documents": ("newdoc id", "id")}
BETWEEN = {"space": " ", "none": ""}
AUTO = "auto"

SENTENCES_SEEN = 20_000
"""Enough to know a scheme by."""

READING = (
    Option(
        "documents",
        "A document is",
        (
            ("sentences", "each sentence (between blank lines)"),
            ("documents", "what stands between -DOCSTART- or # newdoc lines"),
        ),
        "sentences",
    ),
    Option(
        "scheme",
        "Tags follow",
        (
            (AUTO, "whichever scheme the file shows"),
            (tags.IOB2, "IOB2, called BIO too"),
            (tags.IOB1, "IOB1"),
            (tags.BIOES, "BIOES, or BILOU"),
        ),
        AUTO,
    ),
    Option(
        "joining",
        "Without a text comment, tokens are joined by",
        (("space", "a space"), ("none", "nothing, as in Japanese or Chinese")),
        "space",
    ),
    Option(
        "others",
        "Other columns",
        (("leave", "are left out"), ("keep", "are kept as metadata, a list each")),
        "leave",
    ),
    Option("token", "Column of the tokens", help="A number from 1; empty: found by itself."),
    Option("tag", "Column of the tags", help="A number from 1; empty: found by itself."),
)


def read(
    stream: BinaryIO,
    *,
    documents: str = "sentences",
    scheme: str = AUTO,
    joining: str = "space",
    others: str = "leave",
    token: str = "",
    tag: str = "",
) -> Iterator[Row | Problem]:
    """Rows, each called by the number of its first line. Raises BadFile."""
    begin(stream)
    start = stream.tell()
    columns = columns_of(stream, token, tag)
    if scheme == AUTO:
        scheme = tags.scheme_of(
            [cells[columns.tag] for _, cells in block.lines if len(cells) == columns.count]
            for block in islice(blocks(stream, columns), SENTENCES_SEEN)
        )
        stream.seek(start)
    reader = _Reader(columns, scheme, BETWEEN[joining], others == "keep")
    for group in _documents(blocks(stream, columns), whole=documents == "documents"):
        yield reader.row(group, IDS[documents])


def _documents(found: Iterable[Block], *, whole: bool) -> Iterator[list[Block]]:
    """The blocks of each document; a mark between documents is none of them."""
    group: list[Block] = []
    for block in found:
        if group and (not whole or block.starts_document):
            yield group
            group = []
        if group and group[0].size > MAX_ROW_BYTES:
            # It will be refused; only how long it is still matters.
            group[0].size += block.size
        elif not block.is_document_start or block.problem:
            group.append(block)
    if group:
        yield group


@dataclass(slots=True)
class _Making:
    """A row as its sentences come."""

    text: str = ""
    spans: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[str, list[Any]] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    notes: list[Problem] = field(default_factory=list)

    def add(self, sentence: Sentence) -> None:
        self.text += "\n" if self.text else ""
        shift = len(self.text)
        self.text += sentence.text
        for start, end, label in sentence.spans:
            self.spans.append(
                {
                    "start": start + shift,
                    "end": end + shift,
                    "label": label,
                    "text": sentence.text[start:end],
                }
            )
        self.notes += [
            Problem(line, TAGS, storable(message), kept=True) for line, message in sentence.notes
        ]


class _Reader:
    def __init__(self, columns: Columns, scheme: str, between: str, keep: bool) -> None:  # noqa: FBT001
        self.columns = columns
        self.scheme = scheme
        self.between = between
        self.kept = columns.others if keep else ()
        self.unsaid = () if keep else columns.others

    def row(self, group: Sequence[Block], ids: tuple[str, ...]) -> Row | Problem:
        if sum(block.size for block in group) > MAX_ROW_BYTES:
            return too_long(group[0].number, sum(block.size for block in group))
        making = _Making()
        for block in group:
            if block.problem:
                return block.problem
            try:
                sentence = sentence_of(block, self.columns, self.scheme, self.between)
            except BadSentence as bad:
                return Problem(bad.line, TAGS, storable(bad.message), bad.remedy)
            making.add(sentence)
            for key, value in sentence.unused:
                making.comments.setdefault(key, []).append(value)
            for remark in block.remarks:
                making.comments.setdefault("comments", []).append(remark)
            for place in self.kept:
                cells = [cells[place] for _, cells in block.lines]
                making.columns.setdefault(f"meta.column {place + 1}", []).extend(cells)
        if self.unsaid:
            # Said once, with the first row.
            left, self.unsaid = ", ".join(str(place + 1) for place in self.unsaid), ()
            message = f"Beside the tokens and the tags, these columns were left out: {left}."
            remedy = "To keep them as metadata, set the option others to keep."
            making.notes.append(Problem(0, "", message, remedy, kept=True))
        return Row(group[0].number, _values(making, ids), notes=tuple(making.notes))


def _values(making: _Making, ids: tuple[str, ...]) -> dict[str, Any]:
    """The columns of a row. A comment that repeats becomes a list."""
    values: dict[str, Any] = {TEXT: making.text, TAGS: making.spans}
    comments = dict(making.comments)
    for key in ids:
        if ID not in values and len(comments.get(key, ())) == 1:
            values[ID] = read_text(comments.pop(key)[0])
    where = comments.pop(FIELD, [])
    if len(where) == 1:
        values[TAGS] = [{"field": where[0], **span} for span in making.spans]
    for key, said in comments.items():
        found = [read_value(value) for value in said]
        value = found if len(found) > 1 or key == "comments" else found[0]
        inner = _meta(value) if key == "meta" else {}
        if inner and values.keys().isdisjoint(inner):
            values |= inner
            continue
        name = key
        while name in values:
            # Nothing is written over.
            name = f"meta.{name}"
        values[name] = value
    return values | making.columns


def _meta(value: Any) -> dict[str, Any]:
    return {f"meta.{key}": each for key, each in value.items()} if isinstance(value, dict) else {}
