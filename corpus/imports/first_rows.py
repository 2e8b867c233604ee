"""The first rows of a file as documents, drawn as they would come in."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from corpus.imports.mapping import Mapping
from corpus.imports.publishing import label_ids
from corpus.imports.rows import record_of
from corpus.imports.values import Asked
from corpus.record import Problem, Record, Row, SpanValue
from labeling.drawing import Mark
from projects.models import Project

SHOWN = 5
LONGEST = 2000
"""Characters of a text that are shown; the rest is cut."""


@dataclass(frozen=True, slots=True)
class DrawnText:
    field: str
    text: str
    marks: tuple[Mark, ...]
    cut: bool


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """A row: its texts, the labels it brings (id 0: not made yet), or what is wrong with it."""

    number: int
    external_id: str
    texts: tuple[DrawnText, ...]
    answers: tuple[tuple[str, tuple[tuple[int, str], ...]], ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def drawn_rows(
    project: Project, rows: Sequence[Row], mapping: Mapping, asked: MappingType[str, Asked]
) -> list[DrawnRow]:
    ids = {name: labels for name, (_, labels) in label_ids(project).items()}
    found: list[DrawnRow] = []
    for row in islice(rows, SHOWN):
        made = record_of(row, mapping, asked)
        if isinstance(made, Record):
            found.append(_drawn(made, ids))
        else:
            found.append(DrawnRow(row.number, "", (), (), tuple(made), ()))
    return found


def _drawn(record: Record, ids: MappingType[str, MappingType[str, int]]) -> DrawnRow:
    spans = [
        (item, Mark(item.start, item.end, ids[name].get(item.label, 0), item.label))
        for name, answer in record.answers.items()
        for item in answer
        if isinstance(item, SpanValue)
    ]
    texts = tuple(
        DrawnText(
            field,
            text[:LONGEST],
            tuple(mark for span, mark in spans if span.field == field and span.start < LONGEST),
            len(text) > LONGEST,
        )
        for field, text in record.texts.items()
        if text
    )
    answers = tuple(
        (name, tuple((ids[name].get(label, 0), label) for label in _names(answer)))
        for name, answer in record.answers.items()
        if not any(isinstance(item, SpanValue) for item in answer)
    )
    notes = tuple(record.notes)
    return DrawnRow(record.row, record.external_id, texts, answers, (), notes)


def _names(answer: Sequence[str | SpanValue]) -> list[str]:
    return [item for item in answer if isinstance(item, str)]
