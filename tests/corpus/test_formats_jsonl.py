"""What is different when every line is an object of its own; the rest is tested with JSON."""

from __future__ import annotations

import json as standard

from tests.corpus.reading import read, told, values


def test_lines_are_counted_and_blank_ones_left_out():
    rows = read("jsonl", b'\xef\xbb\xbf\n{"text": "a"}\r\n  \n{"text": "b"}')

    assert [(row.number, row.values["text"]) for row in rows] == [(2, "a"), (4, "b")]


def test_only_a_line_feed_ends_a_line():
    text = "a\u2028b\u2029c\x85d\x0be"
    line = standard.dumps({"text": text}, ensure_ascii=False).replace("\\u000b", "\\u000B")

    assert values("jsonl", line.encode()) == [{"text": text}]


def test_a_line_that_is_no_object_is_a_bad_row():
    assert told("jsonl", b'{"text": "a"}\n5\n"x"\n') == [
        "row 1 is read",
        "row 2: This is not a JSON object. Correct the row, or leave it out.",
        "row 3: This is not a JSON object. Correct the row, or leave it out.",
    ]


def test_a_list_is_not_json_lines():
    assert told("jsonl", b'[\n{"text": "a"}\n]') == [
        "stop: row 1: This is a list, not one object a line. Choose JSON instead."
    ]
