"""A file of tokens, one a line, cut at its blank lines; the cells of a line and its comments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from corpus.checks import shown, storable
from corpus.formats.comments import pair_in
from corpus.formats.lines import MAX_ROW_BYTES, Line, lines, not_utf8, too_long
from corpus.formats.objects import RAW_SHOWN
from corpus.formats.tags import OUTSIDE, is_tag
from corpus.record import BadFile, Problem

SPACES = re.compile(r"[ \t]+")
NUMBER = re.compile(r"\d+(?:[-.]\d+)?")
SAMPLE = 20_000
"""Lines that decide what the columns are."""

DOCUMENT_START = "-DOCSTART-"
LEAST_COLUMNS = 2


@dataclass(slots=True)
class Block:
    """Lines between blank ones: comments, then tokens with the numbers of their lines."""

    number: int
    comments: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    lines: list[tuple[int, list[str]]] = field(default_factory=list)
    problem: Problem | None = None
    size: int = 0

    @property
    def starts_document(self) -> bool:
        keys = {key.split()[0] for key, _ in self.comments} | {*self.remarks}
        return self.is_document_start or "newdoc" in keys

    @property
    def is_document_start(self) -> bool:
        """Whether it is nothing but the mark between two documents."""
        return len(self.lines) == 1 and self.lines[0][1][0] == DOCUMENT_START


@dataclass(frozen=True, slots=True)
class Columns:
    """How a line is cut, and which of its cells matter. `numbers`: cells that count tokens."""

    tabs: bool
    count: int
    token: int
    tag: int
    numbers: int | None

    @property
    def others(self) -> tuple[int, ...]:
        """Cells of which nothing is kept unless somebody asks."""
        return tuple(sorted({*range(self.count)} - {self.token, self.tag, self.numbers}))

    def cells(self, line: str) -> list[str]:
        return line.split("\t") if self.tabs else SPACES.split(line.strip(" \t"))


def columns_of(stream: BinaryIO, token: str, tag: str) -> Columns:
    """What the columns of a file are, by its first lines and by what somebody said (from 1).

    The stream is left where it was. Raises BadFile.
    """
    start = stream.tell()
    sample = [
        line.data.decode(errors="replace").rstrip("\r\n")
        for line in islice(lines(stream), SAMPLE)
        if line.data is not None and line.data.strip()
    ]
    stream.seek(start)
    sample = [line for line in sample if not line.startswith(("# ", DOCUMENT_START))]
    tabs = sum("\t" in line for line in sample) * 2 > len(sample)
    cut = Columns(tabs, 0, 0, 0, None)
    rows = [cut.cells(line) for line in sample]
    count = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    if count < LEAST_COLUMNS:
        message = "The lines of this file have no columns of tokens and tags."
        raise BadFile(Problem(0, "", message, "Choose another format."))
    rows = [row for row in rows if len(row) == count]
    numbers = 0 if count > LEAST_COLUMNS and all(NUMBER.fullmatch(row[0]) for row in rows) else None
    first = _chosen(token, count, "token") or (1 if numbers is None else 2)
    last = _chosen(tag, count, "tag") or _tag_column(rows, first - 1) + 1
    if first == last:
        message = f"Column {first} cannot hold both the tokens and the tags."
        raise BadFile(Problem(0, "", message, "Choose another column for one of them."))
    return Columns(tabs, count, first - 1, last - 1, numbers)


def blocks(stream: BinaryIO, columns: Columns) -> Iterator[Block]:
    """The blocks that hold tokens; what is wrong with a block stands in it."""
    block: Block | None = None
    for line in lines(stream):
        if line.data is not None and not line.data.strip():
            if block and block.lines:
                yield block
                block = None
            continue
        block = block or Block(line.number)
        block.size += line.size
        block.problem = block.problem or _take(block, line, columns)
    if block and (block.lines or block.problem):
        yield block


def _take(block: Block, line: Line, columns: Columns) -> Problem | None:
    """Put a line into its block, or say why it does not fit."""
    if line.data is None or block.size > MAX_ROW_BYTES:
        block.lines = block.lines or [(line.number, [""])]
        return too_long(line.number, block.size)
    try:
        text = line.data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        block.lines = block.lines or [(line.number, [""])]
        return not_utf8(line.number, "", line.offset + error.start, line.data[error.start])
    if not block.lines and _is_comment(text, columns):
        pair = pair_in(text)
        if pair:
            block.comments.append(pair)
        else:
            block.remarks.append(text.removeprefix("#").strip())
        return None
    cells = columns.cells(text)
    block.lines.append((line.number, cells))
    if len(cells) == columns.count or cells[0] == DOCUMENT_START:
        return None
    found = f"{len(cells)} column{'' if len(cells) == 1 else 's'}"
    message = f"This line has {found}, the others have {columns.count}."
    return Problem(line.number, "", message, "Correct the line.", storable(shown(text)[:RAW_SHOWN]))


def _is_comment(text: str, columns: Columns) -> bool:
    """A token may begin with # too; then its line has all the columns."""
    if not text.startswith("#"):
        return False
    is_pair = text.startswith("# ") and pair_in(text) is not None
    return is_pair or len(columns.cells(text)) != columns.count


def _chosen(said: str, count: int, what: str) -> int:
    """The number of a column, 0 if nobody said. Raises BadFile."""
    if not said:
        return 0
    if not said.isdecimal() or not 0 < int(said[:9]) <= count:
        message = f"There is no column {shown(said)} for the {what}s."
        raise BadFile(Problem(0, "", message, f"The columns are 1 to {count}."))
    return int(said)


def _tag_column(rows: Sequence[Sequence[str]], token: int) -> int:
    """The last column that holds nothing but tags, else the last one but the tokens'."""
    count = len(rows[0])
    others = [place for place in range(count) if place != token]
    for place in reversed(others):
        cells = {row[place] for row in rows}
        if all(map(is_tag, cells)) and not cells <= {"_"}:
            return place
    shares = {
        place: sum(is_tag(row[place]) and row[place] not in OUTSIDE for row in rows)
        for place in others
    }
    most = max(shares.values())
    return max(place for place in others if shares[place] == most)
