"""How the tests of formats read, write and come back."""

from __future__ import annotations

import io
from collections.abc import Mapping as MappingType
from collections.abc import Sequence

from corpus.formats import FORMATS
from corpus.imports.mapping import Mapping, Names
from corpus.imports.rows import record_of
from corpus.imports.values import Asked
from corpus.record import SPAN, BadFile, Layout, Problem, Record, Row

ANY_LABEL = Asked(multiple=False, required=False, labels=frozenset(), open=True)
ANY_LABELS = Asked(multiple=True, required=False, labels=frozenset(), open=True)
ANY_SPANS = Asked(
    multiple=False, required=False, labels=frozenset(), open=True, kind=SPAN, overlapping=True
)
QUESTIONS = {"topic": ANY_LABEL, "tags": ANY_LABELS, "entities": ANY_SPANS}


def read(name: str, data: bytes) -> list[Row | Problem]:
    return list(FORMATS[name].read(io.BytesIO(data)))


def values(name: str, data: bytes) -> list[dict[str, object]]:
    """The values of a file that is sound."""
    rows = read(name, data)
    assert all(isinstance(row, Row) for row in rows), rows
    return [dict(row.values) for row in rows if isinstance(row, Row)]


def told(name: str, data: bytes) -> list[str]:
    """Each row as its number, or as its problem; the file's own problem last."""
    lines = []
    try:
        for item in FORMATS[name].read(io.BytesIO(data)):
            lines.append(str(item) if isinstance(item, Problem) else f"row {item.number} is read")  # noqa: PERF401
    except BadFile as bad:
        lines.append(f"stop: {bad}")
    return lines


def written(name: str, records: list[Record], layout: Layout) -> bytes:
    write = FORMATS[name].write
    assert write
    out = io.BytesIO()
    assert write(records, layout, out) == len(records)
    return out.getvalue()


def records_in(
    name: str,
    data: bytes,
    *,
    text_fields: tuple[str, ...] = ("text", "reply"),
    questions: MappingType[str, Asked] = QUESTIONS,
    columns: Sequence[tuple[str, str]] = (),
) -> list[Record]:
    mapping = Mapping(Names(text_fields=text_fields, questions=tuple(questions)), columns)
    found = []
    for row in read(name, data):
        assert isinstance(row, Row), row
        record = record_of(row, mapping, questions)
        assert isinstance(record, Record), record
        found.append(record)
    return found


def content(record: Record) -> tuple[object, ...]:
    """What must survive a file: everything but the number of the row."""
    return (
        record.external_id,
        dict(record.texts),
        dict(record.answers),
        record.split,
        # Compared as written, so that True is not 1 and 0.0 not -0.0.
        repr(sorted((key, _exact(value)) for key, value in record.meta.items())),
    )


def _exact(value: object) -> object:
    if isinstance(value, dict):
        return sorted((key, _exact(inner)) for key, inner in value.items())
    return [_exact(inner) for inner in value] if isinstance(value, list) else value
