"""What a dataset version teaches about one question, and why it may teach too little."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from corpus.models import DatasetVersion
from corpus.record import Record, SpanValue
from corpus.versions.canonical import QuestionDefinition
from corpus.versions.freeze import DatasetDamaged, contents_of, verify
from inference.spans.bio import Mark
from inference.training.classifier import Task
from projects.models import Question, QuestionKind
from projects.models.document import joined_text

FEWEST_ROWS = 20
FEWEST_LABELS = 2
HELD_OUT = 10
"""One row in so many, where the dataset has no validation part."""
BLIND_SPLITS = ("test", "calibration")


class CannotTrain(Exception):
    """Nothing can be learned here, for a reason a person can read."""


class Example(NamedTuple):
    """A text with the columns chosen for it, or the marks in it."""

    text: str
    columns: tuple[int, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Lessons:
    """`labels`: names, column by column. `held_out`: how validation was chosen, in words.
    `is_lent`: whether it was taken from what there is to learn.
    """

    task: Task
    multiple: bool
    labels: tuple[str, ...]
    train: list[Example]
    validation: list[Example]
    held_out: str
    is_lent: bool = False

    def whole(self) -> Lessons:
        """To learn from all of it, with nothing to be tried on."""
        return replace(self, train=[*self.train, *self.validation], validation=[])


def check(dataset: DatasetVersion, question: Question) -> None:
    """Whether training can be asked for, by what was counted when it was frozen. Raises
    CannotTrain.
    """
    try:
        verify(dataset)
    except DatasetDamaged as why:
        raise CannotTrain(str(why)) from why
    counted = counts_of(dataset, question)
    answered = counted.get("answered", {})
    rows = sum(number for split, number in answered.items() if split not in BLIND_SPLITS)
    if not counted:
        raise CannotTrain(
            f"{dataset} does not hold the question “{question.shown_title}”. Freeze another one."
        )
    seen = [
        label["name"]
        for label in counted.get("labels", [])
        if any(n for split, n in label["splits"].items() if split not in BLIND_SPLITS)
    ]
    _refuse_little(dataset, question, rows, seen)


def blind_rows(dataset: DatasetVersion, question: Question) -> int:
    """Answers on which it could be measured: blind test documents."""
    answered = counts_of(dataset, question).get("answered", {})
    return int(answered.get("test", 0))


def counts_of(dataset: DatasetVersion, question: Question) -> Mapping[str, Any]:
    """What was counted of this question; empty where the dataset does not hold it."""
    for counted in dataset.counts.get("questions", []):
        if counted["name"] == question.name:
            found: Mapping[str, Any] = counted
            return found
    return {}


def lessons_of(dataset: DatasetVersion, question: Question) -> Lessons:
    """Everything a dataset teaches; its blind parts are not looked at. Raises CannotTrain."""
    try:
        with contents_of(dataset) as (definitions, records):
            definition = _definition(definitions.questions, dataset, question)
            columns = {label.name: column for column, label in enumerate(definition.labels)}
            train: list[Example] = []
            validation: list[Example] = []
            for record in records:
                if record.split not in BLIND_SPLITS and question.name in record.answers:
                    part = validation if record.split == "validation" else train
                    part += _examples(record, definition, columns, definitions.text_fields)
    except DatasetDamaged as why:
        raise CannotTrain(str(why)) from why
    return _whole(dataset, question, definition, train, validation)


def _whole(
    dataset: DatasetVersion,
    question: Question,
    definition: QuestionDefinition,
    *parts: list[Example],
) -> Lessons:
    train, validation = parts
    held_out, is_lent = "the dataset's validation part", not validation
    if is_lent:
        held_out = f"1 in {HELD_OUT}, by hash"
        validation = [one for one in train if is_held_out(one.text)]
        train = [one for one in train if not is_held_out(one.text)]
    names = [label.name for label in definition.labels]
    used = {column for one in train for column in _used(one)}
    _refuse_little(dataset, question, len(train), [names[column] for column in used])
    is_span = definition.kind == QuestionKind.SPAN
    if not is_span and not definition.multiple and any(not one.columns for one in train):
        names.append("none of these")
        train, validation = (
            [one if one.columns else one._replace(columns=(len(names) - 1,)) for one in part]
            for part in (train, validation)
        )
    return Lessons(
        "span" if is_span else "choice",
        definition.multiple,
        tuple(names),
        train,
        validation,
        held_out,
        is_lent,
    )


def is_held_out(text: str) -> bool:
    """By the hash of the text, so that equal ones stay together."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:4], "big") % HELD_OUT == 0


def _used(one: Example) -> Iterable[int]:
    return [*one.columns, *(mark.column for mark in one.marks)]


def _examples(
    record: Record,
    definition: QuestionDefinition,
    columns: Mapping[str, int],
    fields: tuple[str, ...],
) -> Iterator[Example]:
    answer = record.answers[definition.name]
    if definition.kind != QuestionKind.SPAN:
        chosen = tuple(columns[item] for item in answer if isinstance(item, str))
        yield Example(joined_text(record.texts, fields), columns=chosen)
        return
    spans = [item for item in answer if isinstance(item, SpanValue)]
    for field in fields:
        marks = tuple(
            Mark(one.start, one.end, columns[one.label]) for one in spans if one.field == field
        )
        yield Example(record.texts.get(field, ""), marks=marks)


def _definition(
    questions: Iterable[QuestionDefinition], dataset: DatasetVersion, question: Question
) -> QuestionDefinition:
    for definition in questions:
        if definition.name != question.name:
            continue
        if (definition.kind, definition.multiple) != (question.kind, question.multiple):
            raise CannotTrain(
                f"“{question.shown_title}” was another kind of question in {dataset}. "
                "Freeze another one."
            )
        return definition
    raise CannotTrain(
        f"{dataset} does not hold the question “{question.shown_title}”. Freeze another one."
    )


def _refuse_little(
    dataset: DatasetVersion, question: Question, rows: int, seen: Iterable[str]
) -> None:
    """Raises CannotTrain."""
    fewest = 1 if question.kind == QuestionKind.SPAN else FEWEST_LABELS
    names = sorted(seen)
    if rows < FEWEST_ROWS:
        raise CannotTrain(
            f"{dataset} holds {rows} answers to learn from, blind ones apart, and it takes "
            f"{FEWEST_ROWS} at least. Label some more and freeze again."
        )
    if len(names) < fewest:
        only = f"only “{names[0]}”" if names else "no label"
        raise CannotTrain(
            f"The answers in {dataset} hold {only}, so there is nothing to tell apart. Label "
            "documents of other kinds and freeze again."
        )
