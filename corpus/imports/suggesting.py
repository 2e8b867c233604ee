"""What a column of a file is probably for, by what stands in it. Only ever a suggestion."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from typing import Any

from corpus.cells import labels_in
from corpus.imports.mapping import META, Mapping
from corpus.imports.span_lists import looks_like_spans
from corpus.imports.values import Asked
from corpus.record import SPAN, Row

TEXT_NAMES = (
    "text",
    "sentence",
    "body",
    "content",
    "message",
    "comment",
    "review",
    "data",
    "tweet",
)
SPAN_NAMES = ("entities", "spans", "labels", "label", "annotations", "tags", "ner")


def suggested(
    mapping: Mapping, asked: MappingType[str, Asked], columns: Sequence[str], rows: Sequence[Row]
) -> dict[str, str]:
    """A use for each column: what it is called, else what it looks like, else metadata."""
    uses = {column: mapping.targets_of(column)[0] for column in columns}
    for column, use in uses.items():
        # An object may have a `score` of its own and one among its metadata.
        if use != column and use in uses:
            uses[column] = f"{META}row.{column}"
    for target, found in _wanted(mapping, asked, columns, rows):
        free = [column for column in found if uses[column].startswith(META)]
        if free and target not in uses.values():
            uses[free[0]] = target
    return uses


def _wanted(
    mapping: Mapping, asked: MappingType[str, Asked], columns: Sequence[str], rows: Sequence[Row]
) -> list[tuple[str, list[str]]]:
    """Each thing a project wants, and the columns that look like it, the likeliest first."""
    values = {column: _values(column, rows) for column in columns}
    wanted = [
        (name, _of_spans(values) if question.kind == SPAN else _of_labels(values, question))
        for name, question in asked.items()
    ]
    return [(mapping.names.text_fields[0], _of_text(values)), *wanted]


def _values(column: str, rows: Sequence[Row]) -> list[Any]:
    """What stands in a column, without the empty ones."""
    found = [
        labels_in(value) if row.cells and isinstance(value, str) else value
        for row in rows
        if (value := row.values.get(column)) not in (None, "")
    ]
    return [value for value in found if value != []]


def _of_spans(values: MappingType[str, list[Any]]) -> list[str]:
    found = [column for column, of in values.items() if of and all(map(looks_like_spans, of))]
    return sorted(found, key=lambda column: _place(column, SPAN_NAMES))


def _of_labels(values: MappingType[str, list[Any]], question: Asked) -> list[str]:
    """Columns that hold nothing but labels of the question."""

    def fits(value: Any) -> bool:
        given = value if isinstance(value, list) else [value]
        names = [str(each) for each in given if isinstance(each, str | int)]
        return len(names) == len(given) and question.labels >= set(names)

    return [column for column, of in values.items() if of and all(map(fits, of))]


def _of_text(values: MappingType[str, list[Any]]) -> list[str]:
    """Columns of texts: by name, then the longest."""
    texts = {
        column: sum(map(len, of)) / len(of)
        for column, of in values.items()
        if of and all(isinstance(value, str) for value in of)
    }
    return sorted(texts, key=lambda column: (_place(column, TEXT_NAMES), -texts[column]))


def _place(column: str, names: Sequence[str]) -> int:
    """Where a column's name stands among the usual ones; behind them if nowhere."""
    name = column.removeprefix(META).lower()
    return names.index(name) if name in names else len(names)
