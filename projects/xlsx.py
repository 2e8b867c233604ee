"""XLSX for the admin. What a spreadsheet's cell cannot hold is refused by name, never cut."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime, time
from typing import Any

from openpyxl.cell.cell import WriteOnlyCell
from openpyxl.reader.excel import load_workbook
from openpyxl.styles.fonts import Font
from openpyxl.workbook.workbook import Workbook
from tablib import Dataset

from projects.sheets import ABSENT, BadSheet, Sheet, Table, cell_text, table_of

MOST_CHARACTERS = 32_767
"""Of a cell, as Excel counts: in UTF-16 code units."""
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
MOST_BYTES = 500_000_000
"""Of the parts of a workbook when unpacked."""
NAMED = 10
"""How many refused cells a message names."""

UNKEPT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
ESCAPE = re.compile("_x[0-9A-Fa-f]{4}_")


class Xlsx(Sheet):
    title, extension = "xlsx", "xlsx"
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def create_dataset(self, data: bytes) -> Table:
        """The only sheet of a workbook, every value as text. Raises BadSheet."""
        check_size(data)
        try:
            book = load_workbook(io.BytesIO(data), read_only=True)
        except Exception as error:  # noqa: BLE001 - it raises whatever its parsers raise
            raise BadSheet(f"This workbook cannot be read ({type(error).__name__}).") from None
        if len(book.worksheets) != 1:
            raise BadSheet(f"The workbook has {len(book.worksheets)} sheets. Keep one.")
        rows = [[read(cell) for cell in row] for row in book.worksheets[0].rows]
        return table_of(trimmed(rows))

    def export_data(self, dataset: Dataset, **kwargs: Any) -> bytes:
        """Text is written as text, so that nothing in it is ever a formula. Raises BadSheet."""
        check(dataset)
        book = Workbook(write_only=True)
        sheet = book.create_sheet("Sheet")
        sheet.freeze_panes = "A2"
        sheet.append([written(sheet, name, bold=True) for name in dataset.headers or []])
        for row in dataset:
            sheet.append([written(sheet, value) for value in row])
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()


def check_size(data: bytes) -> None:
    """Raises BadSheet for what is no workbook, or one that would unpack without end."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            size = sum(part.file_size for part in parts.infolist())
    except zipfile.BadZipFile:
        raise BadSheet("This is not an XLSX file.") from None
    if size > MOST_BYTES:
        raise BadSheet("This workbook is too large. Split it, or use CSV.")


def read(cell: Any) -> str:
    """The value of a cell as text. Raises BadSheet for what only a spreadsheet can work out."""
    if cell.value is None:
        return ""
    if cell.data_type in {"f", "e"}:
        what = "a formula" if cell.data_type == "f" else f"the error {cell.value}"
        raise BadSheet(f"Cell {cell.coordinate} holds {what}. Put a plain value there.")
    if isinstance(cell.value, datetime | date | time):
        return cell.value.isoformat()
    if isinstance(cell.value, float) and cell.value.is_integer():
        return str(int(cell.value))
    return cell_text(cell.value)


def trimmed(rows: list[list[str]]) -> list[list[str]]:
    """Without empty rows, and without the empty columns that some programs put at the end."""
    full = [row for row in rows if any(row)]
    used = max((place for row in full for place, value in enumerate(row, 1) if value), default=0)
    return [[*row[:used], *[""] * (used - len(row))] for row in full]


def written(sheet: Any, value: Any, *, bold: bool = False) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    cell = WriteOnlyCell(sheet, value=cell_text(value))
    cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


def check(dataset: Dataset) -> None:
    """Raises BadSheet that names the rows and fields which would not come back the same."""
    headers = dataset.headers or []
    if len(dataset) >= MOST_ROWS or len(headers) > MOST_COLUMNS:
        size = f"{len(dataset):,} rows and {len(headers):,} columns"
        raise BadSheet(f"There are {size}; an XLSX sheet holds {MOST_ROWS:,} and {MOST_COLUMNS:,}.")
    names = getattr(dataset, "names", ()) or [f"Row {n}" for n in range(1, len(dataset) + 1)]
    found = [
        f"{name}, {header}: {why}"
        for name, row in zip(names, dataset, strict=True)
        for header, value in zip(headers, row, strict=True)
        if (why := unfit(value))
    ]
    found += [f"The column “{header}”: {why}" for header in headers if (why := unfit(header))]
    if found:
        more = f" And {len(found) - NAMED:,} more." if len(found) > NAMED else ""
        raise BadSheet(
            f"XLSX cannot hold this, so no file was made. Choose CSV or JSON, which can. "
            f"{' '.join(found[:NAMED])}{more}"
        )


def unfit(value: Any) -> str:
    """Why a cell would not come back the same, "" if it would."""
    if value is ABSENT or value is None or isinstance(value, int):
        return ""
    text = cell_text(value)
    length = len(text) + sum(char > "\uffff" for char in text)
    if length > MOST_CHARACTERS:
        return f"it is {length:,} characters long; a cell holds {MOST_CHARACTERS:,}."
    if refused := UNKEPT.search(text):
        return f"it holds U+{ord(refused[0]):04X} at character {refused.start() + 1}."
    if "\r" in text:
        return f"it holds a carriage return at character {text.index(chr(13)) + 1}."
    if ESCAPE.search(text):
        return "it holds what XLSX reads as an escape, such as _x000D_."
    return ""
