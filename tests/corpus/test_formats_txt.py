from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.formats import FORMATS
from corpus.record import BadFile, Layout, Problem, Record, Row
from tests.corpus.reading import read, told, values, written
from tests.corpus.strategies import awkward_text, patiently
from tests.corpus.streams import MB, big

LAYOUT = Layout(text_fields=("text",), questions=())
one_line = awkward_text.map(lambda text: text.replace("\n", "").replace("\r", "")).filter(bool)


@patiently
@given(st.lists(one_line, min_size=1, max_size=5).filter(lambda texts: "".join(texts).strip()))
def test_every_line_comes_back_as_it_was(texts):
    data = written("txt", [Record(texts={"text": text}) for text in texts], LAYOUT)

    assert [row["text"] for row in values("txt", data)] == texts


def test_a_document_is_a_line_and_blank_lines_are_passed_over_but_counted():
    rows = read("txt", b"\xef\xbb\xbfone\n\n two \r\n\r\n\tthree")

    assert [(row.number, row.values) for row in rows] == [
        (1, {"text": "one"}),
        (3, {"text": " two "}),
        (5, {"text": "\tthree"}),
    ]


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\r\n"])
def test_a_text_with_line_breaks_is_not_written(text):
    with pytest.raises(BadFile, match=r"document 1 has line breaks.*Choose CSV"):
        written("txt", [Record(texts={"text": text})], LAYOUT)


def test_a_wrong_byte_is_placed_and_the_next_line_read():
    problem, row = told("txt", b"caf\xe9\nb\n")

    assert problem.startswith("row 1, text: Byte 0xE9 at position 3 of the file is not UTF-8.")
    assert row == "row 2 is read"


@patiently
@given(awkward_text.filter(lambda text: text.strip() and "\ufeff" not in text))
def test_a_whole_file_is_one_document_line_ends_and_all(text):
    assert values("txt-file", text.encode()) == [{"text": text}]


@pytest.mark.parametrize("kind", ["txt", "txt-file"])
def test_a_hundred_megabytes_are_passed_over_in_little_memory(kind):
    stream = big(b"a\n", b"x", b"\nb\n")
    tracemalloc.start()

    rows = list(FORMATS[kind].read(stream))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    expected = {"txt": [Row, Problem, Row], "txt-file": [Problem]}[kind]
    assert [type(row) for row in rows] == expected
    assert peak < 30 * MB
