from __future__ import annotations

import io
import json as standard
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.formats import FORMATS
from corpus.formats import json as json_format
from corpus.record import BadFile, Problem, Record, Row
from tests.corpus.reading import content, read, records_in, told, values, written
from tests.corpus.strategies import LAYOUT, metas, patiently, records
from tests.corpus.streams import MB, big

KINDS = ["json", "jsonl"]


@pytest.mark.parametrize("kind", KINDS)
@patiently
@given(made=st.lists(records(), min_size=1, max_size=4))
def test_every_record_comes_back_as_it_was(kind, made):
    data = written(kind, made, LAYOUT)

    assert list(map(content, records_in(kind, data))) == list(map(content, made))


@patiently
@given(st.lists(records(), max_size=4))
def test_other_programs_read_the_same(made):
    ours = written("json", made, LAYOUT)
    lines = written("jsonl", made, LAYOUT)

    documents = standard.loads(ours)
    assert documents == [standard.loads(line) for line in lines.split(b"\n") if line]
    assert [document["text"] for document in documents] == [one.texts["text"] for one in made]
    assert [document["meta"] for document in documents] == [one.meta for one in made]


@pytest.mark.parametrize("kind", KINDS)
def test_one_object_a_document(kind):
    made = Record(
        external_id="A1",
        texts={"text": "Hi", "reply": ""},
        answers={"topic": ("Refund",), "tags": ("x", "y")},
        split="test",
        meta={"n": 2, "lang": "de"},
    )

    data = written(kind, [made], LAYOUT)

    line = (
        '{"id": "A1", "text": "Hi", "reply": "", "topic": "Refund", "tags": ["x", "y"], '
        '"entities": null, "split": "test", "meta": {"lang": "de", "n": 2}}'
    )
    assert data.decode() == {"json": f"[\n{line}\n]\n", "jsonl": f"{line}\n"}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_unanswered_and_none_of_them_are_told_apart(kind):
    made = [
        Record(texts={"text": "a", "reply": ""}),
        Record(texts={"text": "b", "reply": ""}, answers={"topic": (), "tags": ()}),
    ]

    data = written(kind, made, replace(LAYOUT, split=False))

    first, second = values(kind, data)
    assert (first["topic"], first["tags"]) == (None, None)
    assert (second["topic"], second["tags"]) == ("", [])
    assert [dict(one.answers) for one in records_in(kind, data)] == [{}, {"topic": (), "tags": ()}]


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_is_read_as_columns(kind):
    data = b'[{"text": "a", "meta": {"lang": "de", "from": {"city": "Ulm"}}, "extra": 1}]'

    (row,) = values(kind, data if kind == "json" else data[1:-1])

    assert row == {"text": "a", "meta.lang": "de", "meta.from": {"city": "Ulm"}, "extra": 1}


def test_an_empty_list_is_written_and_read():
    assert written("json", [], LAYOUT) == b"[]\n"
    assert read("json", b" [ ] ") == []


@patiently
@given(made=st.lists(metas, min_size=1, max_size=4), indent=st.sampled_from([None, 1]))
def test_lists_are_read_in_any_layout_and_across_chunks(made, indent):
    data = standard.dumps([{"meta": meta} for meta in made], indent=indent).encode()
    expected = [{f"meta.{key}": value for key, value in meta.items()} for meta in made]

    with pytest.MonkeyPatch.context() as patch:
        for size in (1, 2, 7):
            patch.setattr(json_format, "CHUNK", size)
            assert repr(values("json", data)) == repr(expected)


BAD_OBJECTS = {
    "NaN": ('{"n": NaN}', "This is not valid JSON: NaN is not JSON."),
    "infinity": ('{"n": -Infinity}', "This is not valid JSON: -Infinity is not JSON."),
    "a name given twice": (
        '{"a": 1, "a": 2}',
        "This is not valid JSON: the name “a” stands twice in one object.",
    ),
    "a name given twice deeper down": (
        '{"b": {"a": 1, "a": 2}}',
        "This is not valid JSON: the name “a” stands twice in one object.",
    ),
    "a key of metadata given twice": (
        '{"meta.a": 1, "meta": {"a": 2}}',
        "“meta.a” is given twice.",
    ),
    "more columns than anybody can map": (
        standard.dumps(dict.fromkeys(map(str, range(1001)), 1)),
        "This row has 1,001 columns; 1,000 is the most.",
    ),
    "a trailing comma": (
        '{"a": 1,}',
        (
            "This is not valid JSON: Expecting property name enclosed in double quotes: "
            "line 1 column 9 (char 8)"
        ),
    ),
    "a raw control character": (
        '{"a": "\t"}',
        "This is not valid JSON: Invalid control character at: line 1 column 8 (char 7)",
    ),
    "endless nesting": (
        '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "This is not valid JSON: it is nested too deeply.",
    ),
    "an endless number": (
        '{"a": ' + "9" * 5000 + "}",
        "This is not valid JSON: a number has more than 1000 digits.",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("bad", "message"), BAD_OBJECTS.values(), ids=BAD_OBJECTS)
def test_a_bad_object_is_named_and_the_next_one_read(kind, bad, message):
    data = f'{{"text": "a"}}\n{bad}\n{{"text": "b"}}\n'
    if kind == "json":
        data = "[" + ",".join(data.splitlines()) + "]"

    first, problem, last = read(kind, data.encode())

    assert isinstance(first, Row)
    assert isinstance(problem, Problem)
    assert (problem.row, problem.message) == (2, message)
    assert problem.raw == bad[:2000]
    assert isinstance(last, Row)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_byte_is_placed_in_the_file(kind):
    data = b'[{"text": "a"},\n{"text": "caf\xe9"},\n{"text": "b"}]'
    if kind == "jsonl":
        data = data[1:-1].replace(b",\n", b"\n ")

    first, problem, last = told(kind, data)

    position = data.index(b"\xe9")
    assert (first, last) == ("row 1 is read", "row 3 is read")
    assert problem.startswith(f"row 2: Byte 0xE9 at position {position} of the file is not UTF-8.")


STOPS = {
    "an object alone": (
        b'{"text": "a"}',
        ["stop: file: This is not a JSON list. If each line is an object, choose JSON Lines."],
    ),
    "no objects": (
        b"[1, 2]",
        ["stop: row 1: This is not a JSON object. Write each document as an object."],
    ),
    "a comma too many": (
        b'[{"a": 1},]',
        [
            "row 1 is read",
            "stop: row 2: This is not a JSON object. Write each document as an object.",
        ],
    ),
    "a comma too few": (
        b'[{"a": 1} {"a": 2}]',
        [
            "row 1 is read",
            "stop: row 1: No comma or ] follows this object. Is the file cut off here?",
        ],
    ),
    "cut off between objects": (
        b'[{"a": 1},',
        [
            "row 1 is read",
            "stop: row 2: This is not a JSON object. Write each document as an object.",
        ],
    ),
    "cut off inside an object": (
        b'[{"a": 1},{"a": "',
        ["row 1 is read", "stop: row 2: This object is never closed. Is the file cut off?"],
    ),
    "cut off after a backslash": (
        b'[{"a": "\\',
        ["stop: row 1: This object is never closed. Is the file cut off?"],
    ),
    "something after the list": (
        b'[{"a": 1}] x',
        [
            "row 1 is read",
            "stop: row 1: Something follows the end of the list. Remove what follows the ].",
        ],
    ),
}


@pytest.mark.parametrize(("data", "expected"), STOPS.values(), ids=STOPS)
def test_a_list_that_breaks_off_says_where(data, expected):
    assert told("json", data) == expected


@pytest.mark.parametrize(
    ("kind", "head", "piece", "tail"),
    [
        ("json", b'[{"text":"a"},{"text":"', b"x", b'"},{"text":"b"}]'),
        ("json", b'[{"text":"a"},{"text":"', b"\\n", b'"},{"text":"b"}]'),
        ("json", b'[{"text":"a"},{"text":"",', b" ", b'"a":1},{"text":"b"}]'),
        ("jsonl", b'{"text":"a"}\n{"text":"', b"x", b'"}\n{"text":"b"}\n'),
    ],
    ids=["text", "escapes", "spaces", "line"],
)
def test_an_object_of_a_hundred_megabytes_is_passed_over_in_little_memory(kind, head, piece, tail):
    size = 100 * MB if piece != b"\\n" else 10 * MB
    stream = big(head, piece, tail, size=size)
    tracemalloc.start()

    first, huge, last = FORMATS[kind].read(stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert isinstance(first, Row)
    assert isinstance(huge, Problem)
    assert huge.row == 2
    assert "bytes long; 4 MiB is the most." in huge.message
    assert isinstance(last, Row)
    assert last.values == {"text": "b"}
    assert peak < 30 * MB


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_file_is_refused(kind):
    with pytest.raises(BadFile, match="The file is empty"):
        read(kind, b"\n")


@pytest.mark.parametrize("kind", KINDS)
@patiently
@given(data=st.binary(max_size=200))
def test_any_bytes_are_rows_or_problems(kind, data):
    for item in told(kind, b'[{"a": 1},' + data):
        assert "row" in item or "file" in item


@patiently
@given(st.text('[]{}",\\ a:1', max_size=60))
def test_any_structure_is_rows_or_problems_and_never_a_wrong_row(structure):
    data = f"[{structure}]"
    items = list(_until_bad(data.encode()))

    try:
        expected = standard.loads(data)
    except ValueError:
        return
    if all(isinstance(item, dict) for item in expected):
        rows = [dict(item.values) for item in items if isinstance(item, Row)]
        assert rows == expected or any(isinstance(item, Problem) for item in items)


def _until_bad(data: bytes):
    try:
        yield from FORMATS["json"].read(io.BytesIO(data))
    except BadFile as bad:
        yield bad.problem
