"""The canonical form of a dataset: the bytes that a version's sha256 speaks of.

JSON Lines in UTF-8. The first line says what the rest is: format number, text fields, and each
question with its labels and their descriptions. Then one document a line, the lines in the order
of their own bytes: `id`, `texts`, `answers` (label names in order; spans as field, start, end and
label, in the order of the text; a question without a resolved answer is absent, an empty list says
"none of them"), `split`, `meta`. Names inside objects are sorted, but for a span's, and whole
numbers are written without a fraction. Without a span question the number is 1, with one it is 2.
Where each person's answers were asked for it is 3, and a document has `people` after `answers`:
pseudonym to what that person answered. There are no database ids, times, names of people, colours
or hotkeys, so the same content always has the same bytes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from corpus.record import SPAN, Answer, Record, SpanValue

FORMAT = "annotate-dataset"
NUMBER, WITH_SPANS, WITH_PEOPLE = KNOWN = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class LabelDefinition:
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class QuestionDefinition:
    name: str
    kind: str
    multiple: bool
    required: bool
    labels: tuple[LabelDefinition, ...]
    overlapping: bool = False


@dataclass(frozen=True, slots=True)
class Definitions:
    """What the answers of a dataset mean. `people`: those of each person are in it as well."""

    text_fields: tuple[str, ...]
    questions: tuple[QuestionDefinition, ...]
    people: bool = False


class NotCanonical(Exception):
    """These bytes are not a dataset in this form."""


def write(definitions: Definitions, records: Iterable[Record], out: BinaryIO) -> int:
    """Write a dataset, its documents sorted on disk; returns how many there are."""
    count = 0
    number = number_of(definitions)
    out.write(_line({"format": FORMAT, "number": number, **_sorted(definitions)}))
    # A database without a name is a temporary file that goes when it is closed.
    with closing(sqlite3.connect("")) as sorter:
        sorter.execute("CREATE TABLE lines (line BLOB)")
        for record in records:
            sorter.execute("INSERT INTO lines VALUES (?)", [_line(document_of(record))])
            count += 1
        out.writelines(line for (line,) in sorter.execute("SELECT line FROM lines ORDER BY line"))
    return count


def number_of(definitions: Definitions) -> int:
    """The lowest format number that can say it, so that old content keeps its hash."""
    if definitions.people:
        return WITH_PEOPLE
    return WITH_SPANS if any(each.kind == SPAN for each in definitions.questions) else NUMBER


def read(stream: BinaryIO) -> tuple[Definitions, Iterator[Record]]:
    """What a dataset holds, its documents as they are asked for. Raises NotCanonical."""
    header = json.loads(stream.readline() or b"null")
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise NotCanonical("This is not a dataset version.")
    if header["number"] not in KNOWN:
        known = f"known are {NUMBER} to {WITH_PEOPLE}"
        raise NotCanonical(f"This dataset has format {header['number']}; {known}.")
    questions = tuple(_question(**question) for question in header["questions"])
    people = header["number"] == WITH_PEOPLE
    return Definitions(tuple(header["text_fields"]), questions, people), records(stream)


def _question(*, labels: list[dict[str, str]], **rest: Any) -> QuestionDefinition:
    return QuestionDefinition(labels=tuple(LabelDefinition(**label) for label in labels), **rest)


def records(stream: BinaryIO) -> Iterator[Record]:
    """The documents from where the stream stands, at the beginning of a line."""
    # By readline, because a Django File starts again at the top when it is iterated.
    for row, line in enumerate(iter(stream.readline, b""), 2):
        document = json.loads(line)
        yield Record(
            row=row,
            external_id=document["id"],
            texts=document["texts"],
            answers=_answers(document["answers"]),
            people=_people(document.get("people")),
            split=document["split"],
            meta=document["meta"],
        )


def _people(people: Mapping[str, Any] | None) -> dict[str, dict[str, Answer]] | None:
    return None if people is None else {name: _answers(said) for name, said in people.items()}


def _answers(answers: Mapping[str, list[Any]]) -> dict[str, Answer]:
    return {question: _answer(items) for question, items in answers.items()}


def _answer(items: list[Any]) -> Answer:
    return tuple(SpanValue(**item) if isinstance(item, dict) else item for item in items)


def _sorted(definitions: Definitions) -> dict[str, Any]:
    content = asdict(definitions)
    del content["people"]  # the number says it
    for question in content["questions"]:
        question["labels"] = sorted(question["labels"], key=_name)
        if question["kind"] != SPAN:
            # Only spans overlap; and what was frozen before there were spans keeps its hash.
            del question["overlapping"]
    content["questions"] = sorted(content["questions"], key=_name)
    return content


def _name(definition: dict[str, Any]) -> str:
    return str(definition["name"])


def document_of(record: Record) -> dict[str, Any]:
    """A document as its line says it."""
    people = {name: _said(answers) for name, answers in (record.people or {}).items()}
    return {
        "id": record.external_id,
        "texts": _sorted_names(record.texts),
        "answers": _said(record.answers),
        **({} if record.people is None else {"people": _sorted_names(people)}),
        "split": record.split,
        "meta": _plain(record.meta),
    }


def _said(answers: Mapping[str, Answer]) -> dict[str, Any]:
    return _sorted_names({question: _items(answer) for question, answer in answers.items()})


def _items(answer: Answer) -> list[Any]:
    return [
        item._asdict() if isinstance(item, SpanValue) else item
        for item in sorted(answer, key=lambda item: (isinstance(item, SpanValue), item))
    ]


def _sorted_names(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in sorted(values)}


def _plain(value: Any) -> Any:
    """Metadata as every database gives it back: PostgreSQL tells neither 5.0 from 5 nor orders."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [_plain(item) for item in value]
        case Mapping():
            return {name: _plain(value[name]) for name in sorted(value)}
        case _:
            return value


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
