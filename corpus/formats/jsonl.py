"""JSON Lines: one object a line. Blank lines are left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from corpus.formats.lines import begin, lines, too_long
from corpus.formats.objects import as_object, parsed
from corpus.record import BadFile, Layout, Problem, Record, Row


def read(stream: BinaryIO) -> Iterator[Row | Problem]:
    """Rows, counted as lines. Raises BadFile."""
    begin(stream)
    for line in lines(stream):
        if line.data is None:
            yield too_long(line.number, line.size)
        elif line.number == 1 and line.data.lstrip().startswith(b"["):
            message, remedy = "This is a list, not one object a line.", "Choose JSON instead."
            raise BadFile(Problem(1, "", message, remedy))
        elif line.data.strip():
            yield parsed(line.number, line.data.rstrip(), line.offset)


def write(records: Iterable[Record], layout: Layout, out: BinaryIO) -> int:
    """Returns how many were written."""
    count = 0
    for record in records:
        out.write(as_object(record, layout).encode() + b"\n")
        count += 1
    return count
