"""Tables as files: what is written is read again exactly, or refused by name."""

import io
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import cells
from projects import sheets, uploads, xlsx
from projects.sheets import ABSENT, BadSheet, Csv, Json, SafeCsv, Table
from projects.uploads import WaitingUpload
from projects.xlsx import Xlsx

FORMATS = [Csv(), Xlsx(), Json()]
texts = st.text(max_size=40)
edges = st.sampled_from(
    ["\r", "\r\n", "=1", "_x000D_", "\x0b", "\ufffe", "\ud800", " a ", "1.0", "😀"]
)


def book_of(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@given(st.lists(st.tuples(texts | edges, texts | edges), max_size=4))
def test_every_text_comes_back_the_same_or_is_refused(rows):
    for form in FORMATS:
        try:
            data = form.export_data(Table(["a", "b"], rows))
        except BadSheet:
            continue
        kept = [row for row in rows if any(row)] if isinstance(form, Xlsx) else rows
        back = [tuple(row) for row in form.create_dataset(data)]
        assert back == kept


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x" * 32_768, "32,768 characters long; a cell holds 32,767"),
        ("😀" * 16_384, "32,768 characters long"),
        ("a\rb", "a carriage return at character 2"),
        ("\x07", "U+0007 at character 1"),
        ("a\ud800", "U+D800 at character 2"),
        ("_x0041_", "reads as an escape"),
    ],
)
def test_xlsx_names_the_row_and_field_that_it_cannot_hold(text, why):
    table = Table(["id", "text"], [["1", "fine"], ["2", text]], names=["Row A", "Row B"])

    with pytest.raises(BadSheet, match="no file was made") as refused:
        Xlsx().export_data(table)

    assert "Row B, text: it " in str(refused.value)
    assert "Row A" not in str(refused.value)
    assert why in str(refused.value)


def test_xlsx_holds_a_cell_of_the_most_characters():
    data = Xlsx().export_data(Table(["a"], [["x" * 32_767]]))

    assert len(Xlsx().create_dataset(data)["a"][0]) == 32_767


def test_many_refused_cells_are_counted():
    with pytest.raises(BadSheet, match="And 5 more"):
        Xlsx().export_data(Table(["a"], [["\r"]] * 15))


def test_a_workbook_of_other_programs_is_read_as_text():
    table = Xlsx().create_dataset(
        book_of(["a", "b", None], [1, 2.5, None], [True, date(2024, 5, 1), None], [None] * 3)
    )

    assert table.are_cells
    assert list(table) == [("1", "2.5"), ("true", "2024-05-01T00:00:00")]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([["a"], ["=1+1"]], "Cell A2 holds a formula"),
        ([["a"], ["#N/A"]], "Cell A2 holds the error #N/A"),
        ([["a", None], ["x", "y"]], "has no name"),
        ([["a", "a"]], "“a” stands twice"),
        ([], "The file is empty"),
    ],
)
def test_what_a_workbook_does_not_say_plainly_is_refused(rows, why):
    with pytest.raises(BadSheet, match=why):
        Xlsx().create_dataset(book_of(*rows))


def test_a_workbook_of_two_sheets_is_refused():
    book = openpyxl.Workbook()
    book.create_sheet("Other")
    out = io.BytesIO()
    book.save(out)

    with pytest.raises(BadSheet, match="has 2 sheets"):
        Xlsx().create_dataset(out.getvalue())


def test_a_workbook_that_unpacks_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(xlsx, "MOST_BYTES", 100)

    with pytest.raises(BadSheet, match="too large"):
        Xlsx().create_dataset(book_of(["a"], ["b"]))


def test_json_leaves_out_what_an_object_does_not_have():
    table = Json().create_dataset(b'[{"a": null, "b": 1}, {"b": 2}]')

    assert list(table) == [(None, 1), (ABSENT, 2)]
    assert b'"a": null' in Json().export_data(table)
    assert Json().export_data(table).count(b'"a"') == 1


@pytest.mark.parametrize("start", sheets.FORMULA_STARTS)
def test_the_safe_csv_puts_an_apostrophe_before_what_would_run(start):
    [_, row] = SafeCsv().export_data(Table(["a"], [[f"{start}1"]])).split(b"\r\n", 1)

    assert b"'" + start.encode() + b"1" in row
    assert not SafeCsv().can_import()


def test_formulas_start_here_as_they_do_in_exports():
    assert sheets.FORMULA_STARTS == cells.FORMULA_STARTS


def test_an_upload_waits_in_the_data_folder_for_a_day(monkeypatch):
    kept = WaitingUpload()
    kept.save(b"one")
    assert WaitingUpload(name=kept.name).read() == b"one"

    monkeypatch.setattr(uploads, "KEEP_SECONDS", -1)
    WaitingUpload().save(b"two")
    with pytest.raises(FileNotFoundError):
        WaitingUpload(name=kept.name).read()


@pytest.mark.parametrize("name", ["../db.sqlite3", "", None, "secret_key", "A" * 32])
def test_an_upload_has_no_name_but_the_one_given_out(name):
    with pytest.raises(FileNotFoundError):
        WaitingUpload(name=name).read()
