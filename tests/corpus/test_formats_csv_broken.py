from __future__ import annotations

import csv as standard
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.formats import FORMATS
from corpus.formats.lines import MAX_ROW_BYTES
from corpus.record import BadFile, Problem, Row
from tests.corpus.reading import read, told
from tests.corpus.strategies import patiently
from tests.corpus.streams import MB, big

LINE_ENDS = "End lines with a line feed, and put cells that hold line breaks in quotes."
CLOSE = "Put a cell that holds quotes in quotes, and double each quote inside it."

BAD = {
    "a quote that is never closed costs one row": (
        b'text,n\na,1\n"b,2\nc,3\nd,4\n',
        [
            "row 2 is read",
            f"row 3: A quote is opened in this row and never closed. {CLOSE}",
            "row 4 is read",
            "row 5 is read",
        ],
    ),
    "a quote that another row closes costs these two rows": (
        b'text,n\na,1\n"b,2\nc,3\nd,"4"\n"e",5\n',
        [
            "row 2 is read",
            f"row 3: Text follows a closing quote. {CLOSE}",
            "row 4 is read",
            "row 5 is read",
            "row 6 is read",
        ],
    ),
    "text after a closing quote": (
        b'text,n\n"a" b,1\nc,2\n',
        [f"row 2: Text follows a closing quote. {CLOSE}", "row 3 is read"],
    ),
    "a quote inside a cell without quotes": (
        b'text,n\na 5" pipe,1\nc,2\n',
        [
            f"row 2: A quote stands inside a cell that is not in quotes. {CLOSE}",
            "row 3 is read",
        ],
    ),
    "too few and too many cells": (
        b"text,n\na\nb,1,2\nc,3\n",
        [
            (
                "row 2: This row has 1 cells, the header has 2. "
                "Put cells that hold commas or line breaks in quotes."
            ),
            (
                "row 3: This row has 3 cells, the header has 2. "
                "Put cells that hold commas or line breaks in quotes."
            ),
            "row 4 is read",
        ],
    ),
    "a carriage return outside quotes": (
        b"text,n\na\rb,1\nc,2\n",
        [
            "row 2: A carriage return stands outside quotes. " + LINE_ENDS,
            "row 3 is read",
        ],
    ),
    "a byte that is not UTF-8": (
        b"text,n\na,1\ncaf\xe9,2\nc,3\n",
        [
            "row 2 is read",
            (
                "row 3, text: Byte 0xE9 at position 14 of the file is not UTF-8. "
                "Save it as UTF-8 and import it again. Excel calls that “CSV UTF-8”; in a shell: "
                "iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW_FILE"
            ),
            "row 4 is read",
        ],
    ),
    "a surrogate written as UTF-8": (
        b"text,n\n\xed\xa0\x80,1\nc,3\n",
        [
            (
                "row 2, text: Byte 0xED at position 7 of the file is not UTF-8. "
                "Save it as UTF-8 and import it again. Excel calls that “CSV UTF-8”; in a shell: "
                "iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW_FILE"
            ),
            "row 3 is read",
        ],
    ),
    "a column named twice": (
        b"text,n,text\na,1,b\n",
        [
            (
                "stop: row 1, text: The header names the column “text” 2 times. "
                "Give each column its own name."
            )
        ],
    ),
    "more columns than anybody can map": (
        ",".join(f"c{n}" for n in range(1001)).encode(),
        [
            (
                "stop: row 1: This row has 1,001 columns; 1,000 is the most. "
                "Leave some out, or gather them in a list."
            ),
        ],
    ),
    "a broken header": (
        b'"text" x,n\na,1\n',
        [f"stop: row 1: Text follows a closing quote. {CLOSE}"],
    ),
    "old line ends": (
        b"text,n\ra,1\rb,2\r",
        ["stop: row 1: A carriage return stands outside quotes. " + LINE_ENDS],
    ),
}


@pytest.mark.parametrize(("data", "expected"), BAD.values(), ids=BAD)
def test_bad_rows_are_named_and_the_next_ones_read(data, expected):
    assert told("csv", data) == expected


@patiently
@given(st.lists(st.booleans(), max_size=30))
def test_a_stray_quote_costs_its_own_row_wherever_it_stands(stray):
    lines = [f'"broken,{n}' if bad else f"good,{n}" for n, bad in enumerate(stray)]

    rows = read("csv", "\n".join(["text,n", *lines]).encode())

    assert [isinstance(row, Problem) for row in rows] == stray


@patiently
@given(st.text('ab,"\r\n;', max_size=40))
def test_a_file_without_problems_is_read_as_other_programs_do(text):
    rows = read("csv", b"text,n\n" + text.encode())

    if all(isinstance(row, Row) for row in rows):
        others = [row for row in standard.reader(io.StringIO(text, newline="")) if row]
        assert [list(row.values.values()) for row in rows if isinstance(row, Row)] == others


def test_a_problem_carries_the_row_as_it_came():
    (problem,) = read("csv", b'text,n\n"a" \xff\x00b,1\n')

    assert isinstance(problem, Problem)
    assert problem.raw == '"a" \\udcff\\x00b,1'


def test_the_row_as_it_came_leaves_out_lines_that_were_read_after_all():
    broken, *rest = read("csv", b'text,n\n"a,1\nb,2\nc,"3"\n')

    assert isinstance(broken, Problem)
    assert broken.raw == '"a,1'
    assert [dict(row.values)["text"] for row in rest if isinstance(row, Row)] == ["b", "c"]


@pytest.mark.parametrize(
    "piece",
    [b"x", b",", b"x" * 99 + b"\n", b'""', b"x" * 97 + b'""\n'],
    ids=["x", "commas", "lines", "pairs of quotes", "lines with quotes"],
)
def test_a_row_of_a_hundred_megabytes_is_passed_over_in_little_memory(piece):
    stream = big(b'text,n\na,1\n"', piece, b'",2\nb,3\n')
    tracemalloc.start()

    first, huge, last = FORMATS["csv"].read(stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert isinstance(first, Row)
    assert isinstance(huge, Problem)
    assert (huge.row, huge.raw) == (3, "")
    assert "bytes long; 4 MiB is the most." in huge.message
    assert isinstance(last, Row)
    assert last.values == {"text": "b", "n": "3"}
    assert peak < 30 * MB


def test_a_row_that_just_fits_is_read():
    room = MAX_ROW_BYTES - len('"",1\n')
    for size, expected in ((room, Row), (room + 1, Problem)):
        text = (b"x" * 99 + b"\n") * (size // 100) + b"x" * (size % 100)

        rows = read("csv", b'text,n\n"' + text + b'",1\nb,2\n')

        assert [type(row) for row in rows] == [expected, Row]


def test_an_open_quote_in_a_big_file_costs_one_row():
    lines = 5 * MAX_ROW_BYTES // 4 // 1000
    stream = io.BytesIO(b'text,n\n"a,1\n' + (b"x" * 997 + b",1\n") * lines)

    broken, *rest = FORMATS["csv"].read(stream)

    assert isinstance(broken, Problem)
    assert (broken.row, broken.message) == (2, "A quote is opened in this row and never closed.")
    assert [row.number for row in rest if isinstance(row, Row)] == list(range(3, lines + 3))


def test_a_file_made_of_stray_quotes_is_not_read_for_ever():
    class Counted(io.BytesIO):
        taken = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            line = super().readline(size)
            self.taken += len(line)
            return line

    data = b"text,n\n" + (b'a","' + b"x" * 200 + b"\n") * 2_000 + b'"x\n'
    stream = Counted(data * 3)

    problems = [row for row in FORMATS["csv"].read(stream) if isinstance(row, Problem)]

    assert len(problems) > 1
    assert stream.taken < 2 * len(data) * 3 + 6 * MAX_ROW_BYTES


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \r\n "])
def test_an_empty_file_is_refused(data):
    with pytest.raises(BadFile, match="The file is empty"):
        read("csv", data)


@patiently
@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_problems(data):
    for item in told("csv", b"text,n\n" + data):
        assert "row" in item or "file" in item
