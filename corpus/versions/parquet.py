"""A dataset version as Apache Parquet: the same documents in the same order as the JSON Lines.

Columns: `id`, each text field, each question, `people` where the version holds them, `split`, and
`meta` as JSON. A single choice is a string, "" where none of the labels fits; several labels are a
list of strings; spans are a list of structs of field, start, end and label. What was not answered
is null. Nothing in the file speaks of the time or the machine, so the same content gives the same
bytes under one version of pyarrow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO

from corpus.record import CHOICE, SPAN, Answer, Record, SpanValue
from corpus.versions.canonical import Definitions, QuestionDefinition, document_of

GROUP = 1000
"""Rows of a row group, which is what is held in memory."""

OWN = ("id", "annotator", "people", "split", "meta")
HOW: Mapping[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "version": "2.6",
    "data_page_version": "1.0",
    "write_statistics": True,
}


def write(definitions: Definitions, records: Iterable[Record], out: BinaryIO) -> None:
    """Write the documents, in the order in which they come."""
    from pyarrow import RecordBatch, parquet

    columns = Columns(definitions)
    schema = columns.schema()
    rows = (columns.row(record) for record in records)
    with parquet.ParquetWriter(out, schema, **HOW) as writer:
        while group := list(islice(rows, GROUP)):
            batch = RecordBatch.from_pylist(group, schema=schema)
            writer.write_batch(batch, row_group_size=GROUP)


def write_splits(stream: BinaryIO, out_of: Mapping[str, BinaryIO]) -> None:
    """Write the rows of each split into a file of its own."""
    from pyarrow import compute, parquet

    source = parquet.ParquetFile(stream)
    for split, out in out_of.items():
        with parquet.ParquetWriter(out, source.schema_arrow, **HOW) as writer:
            for group in range(source.num_row_groups):
                rows = source.read_row_group(group)
                found = rows.filter(compute.equal(rows["split"], split))
                if found.num_rows:
                    writer.write_table(found, row_group_size=GROUP)


class Columns:
    """How the names and answers of a dataset become columns."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.questions = [each for each in definitions.questions if each.kind in (CHOICE, SPAN)]
        taken = [*OWN]
        self.texts = _free("text", definitions.text_fields, taken)
        self.answers = _free("answer", [each.name for each in self.questions], taken)

    def schema(self) -> Any:
        import pyarrow as pa

        answers = [
            pa.field(self.answers[each.name], pa_type(each), nullable=True)
            for each in self.questions
        ]
        people = pa.struct([pa.field("annotator", pa.string()), *answers])
        return pa.schema(
            [
                pa.field("id", pa.string()),
                *(pa.field(self.texts[name], pa.string()) for name in self.definitions.text_fields),
                *answers,
                *([pa.field("people", pa.list_(people))] if self.definitions.people else []),
                pa.field("split", pa.string()),
                pa.field("meta", pa.string()),
            ]
        )

    def row(self, record: Record) -> dict[str, Any]:
        meta = document_of(record)["meta"]
        return {
            "id": record.external_id,
            **{column: record.texts.get(name, "") for name, column in self.texts.items()},
            **self._said(record.answers),
            **({"people": self._people(record)} if self.definitions.people else {}),
            "split": record.split,
            "meta": json.dumps(meta, ensure_ascii=False, separators=(",", ":")),
        }

    def _people(self, record: Record) -> list[dict[str, Any]]:
        people = record.people or {}
        return [{"annotator": name, **self._said(people[name])} for name in sorted(people)]

    def _said(self, answers: Mapping[str, Answer]) -> dict[str, Any]:
        return {
            self.answers[each.name]: _value(each, answers.get(each.name)) for each in self.questions
        }


def pa_type(question: QuestionDefinition) -> Any:
    import pyarrow as pa

    if question.kind == SPAN:
        place = [("field", pa.string()), ("start", pa.int32()), ("end", pa.int32())]
        return pa.list_(pa.struct([*place, ("label", pa.string())]))
    return pa.list_(pa.string()) if question.multiple else pa.string()


def _value(question: QuestionDefinition, answer: Answer | None) -> Any:
    if answer is None:
        return None
    if question.kind == CHOICE and not question.multiple:
        return answer[0] if answer else ""
    return [item._asdict() if isinstance(item, SpanValue) else item for item in answer]


def _free(prefix: str, names: Sequence[str], taken: list[str]) -> dict[str, str]:
    """Name to column; a name that another column has gets a prefix."""
    columns: dict[str, str] = {}
    for name in names:
        columns[name] = next(each for each in _candidates(prefix, name) if each not in taken)
        taken.append(columns[name])
    return columns


def _candidates(prefix: str, name: str) -> Iterator[str]:
    while True:
        yield name
        name = f"{prefix}.{name}"
