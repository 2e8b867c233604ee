"""Tables as CSV, JSON and XLSX files for the admin: exactly, or refused with row and field."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from import_export.formats.base_formats import Format
from tablib import Dataset

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet run a cell of a CSV file."""


class BadSheet(ValueError):
    """A file that cannot be read, or a table that the format cannot hold; says where and why."""


class Absent:
    """Stands where an object of a JSON file does not have the field at all."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return ""


ABSENT = Absent()


class Table(Dataset):  # type: ignore[misc]
    """Rows under headers. `are_cells`: every value is text, which stands for what it looks like."""

    def __init__(self, headers: Sequence[str], rows: Iterable[Sequence[Any]], **about: Any) -> None:
        super().__init__(headers=list(headers))
        self.are_cells: bool = about.get("are_cells", False)
        self.names: Sequence[str] = about.get("names", ())
        """What to call each row in a message."""
        for row in rows:
            self.append(row)


class Sheet(Format):  # type: ignore[misc]
    """What the three formats share: they read and write bytes."""

    title = extension = content_type = ""

    def __init__(self, encoding: str | None = None) -> None:
        """Files are UTF-8, whatever the library asks for."""

    def get_title(self) -> str:
        return self.title

    def get_extension(self) -> str:
        return self.extension

    def get_content_type(self) -> str:
        return self.content_type

    def is_binary(self) -> bool:
        return True

    def get_read_mode(self) -> str:
        return "rb"

    def can_import(self) -> bool:
        return True

    def can_export(self) -> bool:
        return True


class Csv(Sheet):
    title, extension, content_type = "csv", "csv", "text/csv; charset=utf-8"

    def create_dataset(self, data: bytes) -> Table:
        """Raises BadSheet."""
        stream = io.StringIO(decoded(data), newline="")
        rows: list[list[str]] = []
        try:
            for row in csv.reader(stream, strict=True):
                rows += [row] if row else []
        except csv.Error as error:
            raise BadSheet(f"Row {len(rows)}: this is not valid CSV: {error}.") from None
        return table_of(rows)

    def export_data(self, dataset: Dataset, **kwargs: Any) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(dataset.headers or [])
        writer.writerows([self.cell(value) for value in row] for row in dataset)
        return encoded(out.getvalue())

    def cell(self, value: Any) -> str:
        return cell_text(value)


class SafeCsv(Csv):
    """For eyes only: what a spreadsheet would run gets an apostrophe, which stays when read."""

    title = "csv, safe to open in a spreadsheet (not to import again)"

    def can_import(self) -> bool:
        return False

    def cell(self, value: Any) -> str:
        text = cell_text(value)
        return "'" + text if text.startswith(FORMULA_STARTS) else text


class Json(Sheet):
    title, extension, content_type = "json", "json", "application/json"

    def create_dataset(self, data: bytes) -> Table:
        """Fields go by their names, in whatever order each object has them. Raises BadSheet."""
        try:
            objects = json.loads(
                decoded(data), object_pairs_hook=_object, parse_constant=_no_constant
            )
        except RecursionError:
            raise BadSheet("This JSON is nested too deeply.") from None
        except json.JSONDecodeError as error:
            raise BadSheet(f"This is not valid JSON: {error}.") from None
        if not isinstance(objects, list):
            raise BadSheet("This must be a JSON list of objects.")
        for number, each in enumerate(objects, 1):
            if not isinstance(each, dict):
                raise BadSheet(f"Row {number} is not a JSON object.")
        headers = list(dict.fromkeys(name for each in objects for name in each))
        return Table(headers, ([each.get(name, ABSENT) for name in headers] for each in objects))

    def export_data(self, dataset: Dataset, **kwargs: Any) -> bytes:
        objects = [
            {
                name: value
                for name, value in zip(dataset.headers or [], row, strict=True)
                if value is not ABSENT
            }
            for row in dataset
        ]
        return encoded(json.dumps(objects, ensure_ascii=False, indent=1) + "\n")


def table_of(rows: Sequence[Sequence[str]]) -> Table:
    """A table of cells whose first row names the columns. Raises BadSheet."""
    if not rows:
        raise BadSheet("The file is empty. Its first row must name the columns.")
    headers, *body = rows
    twice = [name for name, times in Counter(headers).items() if times > 1]
    if "" in headers or twice:
        what = "has no name" if "" in headers else f"“{twice[0]}” stands twice"
        raise BadSheet(f"A column {what} in the first row.")
    for number, row in enumerate(body, 1):
        if len(row) != len(headers):
            raise BadSheet(f"Row {number} has {len(row)} cells; there are {len(headers)} columns.")
    return Table(headers, body, are_cells=True)


def decoded(data: bytes) -> str:
    """Raises BadSheet."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadSheet(
            f"Byte {error.start + 1:,} is not UTF-8. Save the file as UTF-8 and try again."
        ) from None


def encoded(text: str) -> bytes:
    """Raises BadSheet."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise BadSheet("A value holds half of a surrogate pair, which no file can hold.") from None


def cell_text(value: Any) -> str:
    """A value as the text of a cell; everything but text, numbers and nothing is JSON."""
    if value is None or value is ABSENT:
        return ""
    if isinstance(value, dict | list | bool):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def unstorable(value: Any) -> str:
    """Why a value cannot be stored, "" if it can."""
    if not isinstance(value, str):
        return ""
    if "\0" in value:
        return f"It holds U+0000 at character {value.index(chr(0)) + 1}."
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"It holds half of a surrogate pair at character {error.start + 1}."
    return ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, times in Counter(k for k, _ in pairs).items() if times > 1)
        raise BadSheet(f"The name “{twice}” stands twice in one object.")
    return found


def _no_constant(constant: str) -> Any:
    raise BadSheet(f"{constant} is not JSON.")
