"""What JSON and JSON Lines share: one object per document."""

from __future__ import annotations

from collections import Counter
from typing import Any

from corpus.cells import dumps, loads
from corpus.checks import shown, storable
from corpus.formats.lines import MOST_COLUMNS, not_utf8, too_wide
from corpus.imports.answers import as_json, unresolved_as_json
from corpus.record import Layout, Problem, Record, Row

RAW_SHOWN = 2000


def parsed(number: int, data: bytes, offset: int) -> Row | Problem:
    """The row in these bytes, which stand at `offset` of the file."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raw = data[:RAW_SHOWN].decode(errors="backslashreplace")
        problem = not_utf8(number, "", offset + error.start, data[error.start])
        return Problem(number, "", problem.message, problem.remedy, storable(raw))
    try:
        values = loads(text, pairs=_without_repeats)
    except ValueError as error:
        return _broken(number, f"This is not valid JSON: {error}", text)
    if not isinstance(values, dict):
        return _broken(number, "This is not a JSON object.", text)
    return _row(number, values, text)


def _row(number: int, values: dict[str, Any], text: str) -> Row | Problem:
    """Metadata becomes columns `meta.<key>`, as a CSV file has them."""
    meta = values.get("meta")
    if isinstance(meta, dict):
        columns = {f"meta.{key}": value for key, value in meta.items()}
        twice = columns.keys() & values.keys()
        if twice:
            return _broken(number, f"{shown(min(twice))} is given twice.", text)
        values = {key: value for key, value in values.items() if key != "meta"} | columns
    if len(values) > MOST_COLUMNS:
        return _broken(number, too_wide(number, len(values)).message, text)
    return Row(number, values)


def as_object(record: Record, layout: Layout) -> str:
    """The record as one line of JSON."""
    document: dict[str, Any] = {"id": record.external_id or None}
    document |= {name: record.texts.get(name, "") for name in layout.text_fields}
    fields = len(layout.text_fields)
    for question in layout.questions:
        answer = record.answers.get(question.name)
        document[question.name] = as_json(answer, question, fields=fields)
    if layout.split:
        document["split"] = record.split
    if record.unresolved:
        document["unresolved"] = unresolved_as_json(record, fields=fields)
    document |= {name: record.extras.get(name) for name in layout.extras}
    document["meta"] = {key: record.meta[key] for key in sorted(record.meta)}
    return dumps(document, sort_keys=False)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise ValueError(
            f"the name {shown(counts.most_common(1)[0][0])} stands twice in one object."
        )
    return values


def _broken(number: int, message: str, text: str) -> Problem:
    remedy = "Correct the row, or leave it out."
    return Problem(number, "", storable(message), remedy, storable(text[:RAW_SHOWN]))
