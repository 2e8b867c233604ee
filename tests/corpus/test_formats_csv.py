from __future__ import annotations

import csv as standard
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.formats import FORMATS
from corpus.record import Layout, QuestionColumn, Record
from tests.corpus.reading import content, read, records_in, values, written
from tests.corpus.strategies import LAYOUT, awkward_text, names, patiently, records

ONE_TEXT = Layout(text_fields=("text",), questions=())


@patiently
@given(st.lists(records(), max_size=4))
def test_every_record_comes_back_as_it_was(made):
    keys = tuple(sorted({key for record in made for key in record.meta}))

    data = written("csv", made, replace(LAYOUT, meta_keys=keys))

    assert list(map(content, records_in("csv", data))) == list(map(content, made))


@patiently
@given(st.lists(awkward_text.filter(bool), min_size=1, max_size=5))
def test_texts_come_back_byte_for_byte_and_other_programs_read_them_too(texts):
    data = written("csv", [Record(texts={"text": text}) for text in texts], ONE_TEXT)

    assert [row["text"] for row in values("csv", data)] == texts
    others = standard.reader(io.StringIO(data.decode(), newline=""))
    assert [row[1] for row in others][1:] == texts


@patiently
@given(st.lists(names, min_size=1, max_size=5, unique=True))
def test_columns_of_metadata_may_be_called_anything(keys):
    layout = replace(ONE_TEXT, meta_keys=tuple(keys))
    record = Record(texts={"text": "t"}, meta=dict.fromkeys(keys, "x"))

    (row,) = values("csv", written("csv", [record], layout))

    assert row == {"id": "", "text": "t"} | {f"meta.{key}": "x" for key in keys}


def test_a_name_full_of_semicolons_is_not_taken_for_many():
    record = Record(texts={"text": "t"}, meta={"a;b;c;d": "x"})

    data = written("csv", [record], replace(ONE_TEXT, meta_keys=("a;b;c;d",)))

    assert values("csv", data) == [{"id": "", "text": "t", "meta.a;b;c;d": "x"}]


def test_the_columns_stand_in_their_order():
    layout = Layout(
        text_fields=("subject", "body"),
        questions=(QuestionColumn("topic", multiple=False), QuestionColumn("tags", multiple=True)),
        meta_keys=("lang", "n"),
        split=True,
    )
    record = Record(
        external_id="A1",
        texts={"subject": "Hi", "body": "There"},
        answers={"topic": ("Refund",), "tags": ("x", "y")},
        split="test",
        meta={"lang": "en", "n": 2},
    )

    data = written("csv", [record], layout)

    assert data.decode() == (
        "id,subject,body,topic,tags,split,meta.lang,meta.n\r\n"
        'A1,Hi,There,Refund,"[""x"", ""y""]",test,en,2\r\n'
    )


def test_unanswered_and_none_of_them_are_told_apart():
    made = [
        Record(texts={"text": "a"}),
        Record(texts={"text": "b"}, answers={"topic": (), "tags": ()}),
    ]

    data = written("csv", made, replace(LAYOUT, split=False))

    assert [(row["topic"], row["tags"]) for row in values("csv", data)] == [("", ""), ("[]", "[]")]
    assert [dict(record.answers) for record in records_in("csv", data)] == [
        {},
        {"topic": (), "tags": ()},
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_are_written_raw_unless_a_spreadsheet_is_to_be_safe(text):
    record = Record(texts={"text": text}, external_id=text)

    (raw,) = values("csv", written("csv", [record], ONE_TEXT))
    (safe,) = values("csv", written("csv", [record], replace(ONE_TEXT, spreadsheet_safe=True)))

    assert (raw["id"], raw["text"]) == (text, text)
    assert (safe["id"], safe["text"]) == (f"'{text}", f"'{text}")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_common_dialects_are_read(delimiter, line_end, mark):
    lines = [f"text{delimiter}label", f'"a{delimiter}b"{delimiter}x', f"c{delimiter}", ""]
    data = (mark + line_end.join(lines)).encode()

    assert values("csv", data) == [
        {"text": f"a{delimiter}b", "label": "x"},
        {"text": "c", "label": ""},
    ]


def test_one_column_needs_no_delimiter():
    assert values("csv", b"text\nfirst\n second \n") == [{"text": "first"}, {"text": " second "}]


def test_blank_lines_are_passed_over_but_counted():
    rows = read("csv", b"text\n\na\n\r\nb\n")

    assert [(row.number, row.values["text"]) for row in rows] == [(3, "a"), (5, "b")]


def test_a_row_may_run_over_many_lines():
    assert values("csv", b'text,n\n"one\ntwo\r\nthree",1\n') == [
        {"text": "one\ntwo\r\nthree", "n": "1"}
    ]


def test_columns_without_a_name_are_called_by_their_place():
    assert values("csv", b",text,\n0,a,x\n") == [{"column 1": "0", "text": "a", "column 3": "x"}]


def test_a_file_without_a_header_begins_with_a_document():
    rows = list(FORMATS["csv"].rows(io.BytesIO(b"a\t1\nb\t2\n"), {"header": "no"}))

    assert [(row.number, dict(row.values)) for row in rows] == [
        (1, {"column 1": "a", "column 2": "1"}),
        (2, {"column 1": "b", "column 2": "2"}),
    ]


def test_quotes_can_be_characters_of_the_text():
    data = b'say "hi" now\t1\n"open\t2\n'
    rows = list(FORMATS["csv"].rows(io.BytesIO(data), {"header": "no", "quotes": "no"}))

    assert [row.values["column 1"] for row in rows] == ['say "hi" now', '"open']


@patiently
@given(st.lists(st.text(st.characters(exclude_characters="\t\n\r\0", exclude_categories=["Cs"]))))
def test_without_quotes_every_line_is_a_row_as_it_stands(cells):
    data = "".join(f"x{cell}\t{place}\n" for place, cell in enumerate(cells)).encode()
    if not cells:
        return

    rows = list(FORMATS["csv"].rows(io.BytesIO(data), {"header": "no", "quotes": "no"}))

    assert [row.values["column 1"] for row in rows] == [f"x{cell}" for cell in cells]
