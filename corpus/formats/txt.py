"""Plain text: one document a line, or the whole file as one document. Texts only, no answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from corpus.checks import storable
from corpus.formats.lines import MAX_ROW_BYTES, UTF8_BOM, begin, lines, not_utf8, too_long
from corpus.formats.objects import RAW_SHOWN
from corpus.record import BadFile, Layout, Problem, Record, Row, Unsaid

COLUMN = "text"
TEXTS_ONLY = "A line holds the first text of a document and nothing else."


def read(stream: BinaryIO) -> Iterator[Row | Problem]:
    """Rows, counted as lines; blank lines are left out. Raises BadFile."""
    begin(stream)
    for line in lines(stream):
        if line.data is None:
            yield too_long(line.number, line.size)
        elif line.data.strip(b"\r\n"):
            end = b"\r\n" if line.data.endswith(b"\r\n") else b"\n"
            yield _row(line.number, line.data.removesuffix(end), line.offset)


def read_whole(stream: BinaryIO) -> Iterator[Row | Problem]:
    """One row, line ends and all. Raises BadFile."""
    begin(stream)
    offset = stream.tell()
    data = stream.read(MAX_ROW_BYTES + 1)
    if len(data) > MAX_ROW_BYTES:
        yield too_long(1, stream.seek(0, 2))
    else:
        yield _row(1, data, offset)


def write(records: Iterable[Record], layout: Layout, out: BinaryIO) -> int:
    """Returns how many were written. Raises BadFile for a text that a line cannot hold."""
    count = 0
    for count, record in enumerate(records, 1):
        text = record.texts.get(layout.text_fields[0], "")
        if "\n" in text or "\r" in text:
            message = f"The text of document {count} has line breaks, which a line cannot hold."
            raise BadFile(Problem(count, "", message, "Choose CSV, JSON or JSON Lines."))
        if count == 1 and text.startswith("\ufeff"):
            # Else the text's own first character would be taken for the file's mark.
            out.write(UTF8_BOM)
        out.write(text.encode() + b"\n")
        for item in _left_out(record, layout):
            layout.unsaid(Unsaid(record.external_id or f"number {count}", item, TEXTS_ONLY))
    return count


def _left_out(record: Record, layout: Layout) -> list[str]:
    """Answers and further texts; that ids and metadata stay out, the page says beforehand."""
    texts = [name for name in layout.text_fields[1:] if record.texts.get(name)]
    return [*texts, *record.answers]


def _row(number: int, data: bytes, offset: int) -> Row | Problem:
    try:
        return Row(number, {COLUMN: data.decode()})
    except UnicodeDecodeError as error:
        problem = not_utf8(number, COLUMN, offset + error.start, data[error.start])
        raw = data[:RAW_SHOWN].decode(errors="backslashreplace")
        return Problem(number, COLUMN, problem.message, problem.remedy, storable(raw))
