"""CSV: a header, then one document a row. Text comes back byte for byte.

In a cell of a question nothing is "not answered" and `[]` is "none of them"; see `corpus.cells`.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from corpus.cells import dumps, encode, encode_answer, spreadsheet_safe
from corpus.checks import shown, storable
from corpus.formats.lines import (
    CHUNK,
    HEAD,
    MAX_ROW_BYTES,
    MOST_COLUMNS,
    Line,
    begin,
    lines,
    not_utf8,
    too_long,
    too_wide,
)
from corpus.formats.objects import RAW_SHOWN
from corpus.formats.options import Option
from corpus.imports.answers import as_json, unresolved_as_json
from corpus.record import BadFile, Layout, Problem, Record, Row

TAB = "\t"
DELIMITERS = ",;" + TAB
READING = (
    Option(
        "header",
        "The first row",
        (("yes", "names the columns"), ("no", "is a document already")),
        "yes",
    ),
    Option(
        "quotes",
        "Quotes",
        (("yes", "enclose cells, as in CSV"), ("no", "are characters of the text")),
        "yes",
    ),
)
NOT_UTF8 = re.compile("[\udc80-\udcff]")
QUOTED = re.compile(r'"[^"]*"?')
REST_OF_ROW = (
    re.compile(rb'(?:[^"\n]*+"[^"]*+")*+[^"\n]*+\n'),
    re.compile(rb'[^"]*+"(?:[^"\n]*+"[^"]*+")*+[^"\n]*+\n'),
)
"""Up to the line feed that ends it, from where no quote is open and from where one is."""
LINE_END_HELP = "End lines with a line feed, and put cells that hold line breaks in quotes."
NEVER_CLOSED = "A quote is opened in this row and never closed."
QUOTE_HELP = "Put a cell that holds quotes in quotes, and double each quote inside it."

# The module keeps this limit for the whole process, and its default is 128 KiB.
csv.field_size_limit(MAX_ROW_BYTES)


class RowTooLong(Exception):
    """Stops csv.reader before it takes in more of a row."""


class Source:
    """The lines of a file as csv.reader takes them, and what a report needs to know of a row."""

    def __init__(self, stream: BinaryIO, *, quotes: bool = True) -> None:
        self.stream = stream
        self.has_quotes = quotes
        self.lines = lines(stream)
        self.end = self.read_again = 0
        self.start_row()

    def start_row(self) -> None:
        self.size = self.quotes = self.second_line = 0
        self.text = io.StringIO()
        self.wrong_byte: tuple[int, int] | None = None

    def __iter__(self) -> Source:
        return self

    def __next__(self) -> str:
        line = self._take()
        if line.data is None or self.size > MAX_ROW_BYTES:
            self.text = io.StringIO(self.text.getvalue()[:RAW_SHOWN])
            raise RowTooLong
        try:
            text = line.data.decode()
        except UnicodeDecodeError as error:
            # Stand-ins keep the row whole, so that the report can name the column.
            text = line.data.decode(errors="surrogateescape")
            self.wrong_byte = self.wrong_byte or (line.offset + error.start, line.data[error.start])
        self.text.write(text)
        return text

    def skip_row(self) -> bool:
        """Go to the end of a row that is too long; whether its quotes are ever closed."""
        ended = self.quotes % 2 == 0
        while not ended and (data := self.stream.read(CHUNK)):
            end = REST_OF_ROW[self.quotes % 2].match(data)
            ended, taken = end is not None, end.end() if end else len(data)
            self.size += taken
            self.quotes += data.count(b'"', 0, taken)
            self.stream.seek(taken - len(data), io.SEEK_CUR)
        self.end = self.stream.tell()
        self.lines = lines(self.stream)
        return self.quotes % 2 == 0

    def back_to_second_line(self) -> None:
        """Go on after the first line of this row: a stray quote made it run into the next ones.

        A file made of stray quotes must not take for ever, so what is read twice is bounded.
        """
        again = self.end - self.second_line
        if self.read_again + again <= self.end + 4 * MAX_ROW_BYTES:
            self.read_again += again
            self.stream.seek(self.second_line)
            self.lines = lines(self.stream)
            self.text = io.StringIO(self.text.getvalue().partition("\n")[0])

    def _take(self) -> Line:
        line = next(self.lines)
        self.end = line.offset + line.size
        self.second_line = self.second_line or self.end
        self.size += line.size
        self.quotes += line.quotes if self.has_quotes else 0
        return line


class Table:
    """The rows of a CSV file, counted as a spreadsheet does: the header is row 1."""

    def __init__(self, stream: BinaryIO, *, quotes: bool = True) -> None:
        begin(stream)
        delimiter = _delimiter(stream, quotes=quotes)
        self.source = Source(stream, quotes=quotes)
        self.cells = csv.reader(
            self.source,
            delimiter=delimiter,
            strict=True,
            quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
        )
        self.sound = _grammar(delimiter)
        self.number = 0

    def next_row(self) -> list[str] | Problem | None:
        """The next row that is not blank; None at the end."""
        while True:
            self.number += 1
            self.source.start_row()
            try:
                values = next(self.cells)
            except StopIteration:
                return None
            except RowTooLong:
                return self._too_long()
            except csv.Error as error:
                self.source.back_to_second_line()
                return self.broken(*_reason(error))
            if values:
                return (
                    values
                    if self._is_sound()
                    else self.broken("A quote stands inside a cell that is not in quotes.")
                )

    def places(self) -> tuple[list[str], list[str]]:
        """Columns called by their places, and the first row: a document. Raises BadFile."""
        values = self.next_row()
        if not values:
            raise BadFile(Problem(1, "", "There are no rows.", "Choose a file with documents."))
        if isinstance(values, Problem):
            raise BadFile(values)
        if len(values) > MOST_COLUMNS:
            raise BadFile(too_wide(self.number, len(values)))
        return [f"column {place}" for place in range(1, len(values) + 1)], values

    def header(self) -> list[str]:
        """The names of the columns; one without a name is called by its place. Raises BadFile."""
        names = self.next_row()
        if names is None:
            raise BadFile(Problem(1, "", "The header is missing.", "Name the columns in row 1."))
        if isinstance(names, Problem):
            raise BadFile(names)
        if self.source.wrong_byte:
            raise BadFile(not_utf8(self.number, "", *self.source.wrong_byte))
        if len(names) > MOST_COLUMNS:
            raise BadFile(too_wide(self.number, len(names)))
        names = [name or f"column {place}" for place, name in enumerate(names, 1)]
        name, times = Counter(names).most_common(1)[0]
        if times > 1:
            message = f"The header names the column {shown(name)} {times} times."
            raise BadFile(Problem(self.number, name, message, "Give each column its own name."))
        return names

    def row(self, header: list[str], values: list[str]) -> Row | Problem:
        if len(values) != len(header):
            return self.broken(
                f"This row has {len(values)} cells, the header has {len(header)}.",
                "Put cells that hold commas or line breaks in quotes.",
            )
        if self.source.wrong_byte:
            cells = zip(header, values, strict=True)
            column = next(name for name, cell in cells if NOT_UTF8.search(cell))
            problem = not_utf8(self.number, column, *self.source.wrong_byte)
            return self.broken(problem.message, problem.remedy, column)
        return Row(self.number, dict(zip(header, values, strict=True)), cells=True)

    def broken(self, message: str, remedy: str = QUOTE_HELP, field: str = "") -> Problem:
        raw = self.source.text.getvalue()[:RAW_SHOWN]
        return Problem(self.number, storable(field), message, remedy, storable(raw))

    def _too_long(self) -> Problem:
        if self.source.skip_row():
            return too_long(self.number, self.source.size)
        self.source.back_to_second_line()
        return self.broken(NEVER_CLOSED)

    def _is_sound(self) -> bool:
        """The module takes a stray quote for text; it is more often a cell gone wrong."""
        return not self.source.quotes or bool(self.sound.fullmatch(self.source.text.getvalue()))


def read(stream: BinaryIO, *, header: str = "yes", quotes: str = "yes") -> Iterator[Row | Problem]:
    """Raises BadFile."""
    table = Table(stream, quotes=quotes == "yes")
    if header == "yes":
        names = table.header()
    else:
        names, first = table.places()
        yield table.row(names, first)
    while (values := table.next_row()) is not None:
        yield values if isinstance(values, Problem) else table.row(names, values)


def write(records: Iterable[Record], layout: Layout, out: BinaryIO) -> int:
    """Returns how many were written."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    safe = spreadsheet_safe if layout.spreadsheet_safe else str
    header = [safe(name) for name in _header(layout)]
    # Quotes leave no doubt which character separates names that hold several of them.
    doubtful = any(mark in name for name in header for mark in DELIMITERS)
    writer = csv.writer(text, lineterminator="\r\n")
    quoted = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    (quoted if doubtful else writer).writerow(header)
    count = 0
    for cells in _rows(records, layout):
        writer.writerow(map(safe, cells))
        count += 1
    text.detach()
    return count


def _header(layout: Layout) -> list[str]:
    header = ["id", *layout.text_fields, *(question.name for question in layout.questions)]
    header += ["split"] if layout.split else []
    header += ["unresolved"] if layout.unresolved else []
    header += layout.extras
    return header + [f"meta.{key}" for key in layout.meta_keys]


def _rows(records: Iterable[Record], layout: Layout) -> Iterator[list[str]]:
    fields = len(layout.text_fields)
    for record in records:
        cells = [record.external_id, *(record.texts.get(name, "") for name in layout.text_fields)]
        cells += [
            encode_answer(as_json(record.answers.get(question.name), question, fields=fields))
            for question in layout.questions
        ]
        cells += [record.split] if layout.split else []
        if layout.unresolved:
            said = unresolved_as_json(record, fields=fields)
            cells.append(dumps(said) if said else "")
        cells += [
            encode(record.extras[name]) if name in record.extras else "" for name in layout.extras
        ]
        meta = record.meta
        yield cells + [encode(meta[key]) if key in meta else "" for key in layout.meta_keys]


def _delimiter(stream: BinaryIO, *, quotes: bool) -> str:
    """What separates the cells of the first row; the stream is left where it was.

    A tab that stands outside quotes is no part of a text, unlike commas of which it may hold many.
    """
    start = stream.tell()
    header = stream.readline(64 * HEAD).decode(errors="replace")
    if quotes:
        header = QUOTED.sub("", header)
    stream.seek(start)
    return TAB if TAB in header else max(DELIMITERS, key=header.count)


def _grammar(delimiter: str) -> re.Pattern[str]:
    """A row as RFC 4180 has it: each cell in quotes as a whole, or without any."""
    cell = rf'(?:"(?:[^"]++|"")*+"|[^"{delimiter}\r\n]*+)'
    return re.compile(rf"{cell}(?:{delimiter}{cell})*+(?:\r?\n)?")


def _reason(error: csv.Error) -> tuple[str, str]:
    """What is wrong, and what to do."""
    match str(error):
        case "unexpected end of data":
            return NEVER_CLOSED, QUOTE_HELP
        case reason if reason.startswith("new-line character"):
            return "A carriage return stands outside quotes.", LINE_END_HELP
        case _:
            return "Text follows a closing quote.", QUOTE_HELP
