from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.cells import decode, encode, encode_answer, labels_in, loads
from corpus.imports.answers import as_json
from corpus.record import QuestionColumn
from tests.corpus.strategies import labels, meta_values, patiently


def through_a_file(cell: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(["first", cell])
    out.seek(0)
    return next(csv.reader(out))[1]


@patiently
@given(meta_values)
def test_a_value_of_metadata_comes_back_with_its_type(value):
    cell = encode(value)

    assert cell
    assert repr(decode(through_a_file(cell))) == repr(_sorted(value))


def _sorted(value):
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


@patiently
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_cell_of_another_program_is_written_again_as_it_was(cell):
    assert encode(decode(cell)) == cell


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2024", 2024),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ('["a", "b"]', ["a", "b"]),
        ('"2024"', "2024"),
        ("007", "007"),
        ("+1", "+1"),
        ("1e5", "1e5"),
        ("1.50", "1.50"),
        (" 1", " 1"),
        ("True", "True"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("1e999", "1e999"),
        ("9" * 1001, "9" * 1001),
        ('{"a":1}', '{"a":1}'),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_only_what_would_be_written_so_is_read_as_more_than_text(cell, value):
    assert repr(decode(cell)) == repr(value)


def cell_of(answer, *, multiple):
    return encode_answer(as_json(answer, QuestionColumn("q", multiple), fields=1))


@patiently
@given(st.none() | st.lists(labels, unique=True, max_size=3).map(tuple), st.booleans())
def test_the_answer_of_a_question_comes_back(answer, multiple):
    if answer and not multiple:
        answer = answer[:1]

    found = labels_in(through_a_file(cell_of(answer, multiple=multiple)))

    match answer:
        case None:
            assert found == ""
        case (only,) if not multiple and not only.startswith("["):
            assert found == only
        case _:
            assert found == list(answer)


@pytest.mark.parametrize(
    ("answer", "multiple", "cell"),
    [
        (None, False, ""),
        (None, True, ""),
        ((), False, "[]"),
        ((), True, "[]"),
        (("Refund",), False, "Refund"),
        (("Refund",), True, '["Refund"]'),
        (("a", "b"), True, '["a", "b"]'),
        (("[x]",), False, '["[x]"]'),
        (("null",), False, "null"),
    ],
)
def test_answers_are_written_so_that_people_can_read_them(answer, multiple, cell):
    assert cell_of(answer, multiple=multiple) == cell


@pytest.mark.parametrize("cell", ["[", "[x", "[1, 2", "[NaN]"])
def test_a_label_that_only_starts_like_a_list_is_a_label(cell):
    assert labels_in(cell) == cell


@pytest.mark.parametrize("text", ["NaN", "Infinity", "[1, -Infinity]", "9" * 1001, "{", "[" * 9999])
def test_json_is_strict(text):
    with pytest.raises(ValueError):
        loads(text)
