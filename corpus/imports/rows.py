"""From a row of a file to a record, or to everything that is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping as MappingType
from typing import Any

from corpus.cells import decode, labels_in
from corpus.checks import Wrong, shown, storable, unstorable, unstorable_value
from corpus.imports.mapping import IGNORE, META, UNRESOLVED, Mapping
from corpus.imports.span_lists import (
    Entry,
    entries_in,
    first_overlap,
    is_inside_a_character,
    quote_of,
)
from corpus.imports.values import (
    Asked,
    check_label,
    identifier_in,
    labels_of,
    name_in,
    score_in,
    split_in,
    text_in,
    unresolved_in,
)
from corpus.record import SPAN, Answer, Prediction, Problem, Record, Row, SpanValue

RAW_SHOWN = 2000
PREDICTION = "prediction."


def record_of(
    row: Row, mapping: Mapping, questions: MappingType[str, Asked]
) -> Record | list[Problem]:
    """The record that a row means, or what is wrong with the row, column by column."""
    making = Making(row, mapping, questions)
    spans = []
    for column, value in row.values.items():
        for target in mapping.targets_of(column):
            if making.is_of_spans(target):
                spans.append((target, column, value))
            else:
                making.attempt(target, column, value)
    # They are compared with the texts, wherever these stand in the row.
    for target, column, value in spans if making.has_its_texts() else ():
        making.attempt(target, column, value)
    return making.record()


def problem_about(row: Row, field: str, message: str, remedy: str) -> Problem:
    """A problem that carries the row as it came."""
    return Problem(row.number, storable(field), message, remedy, _raw(row))


def _raw(row: Row) -> str:
    return storable(json.dumps(row.values, ensure_ascii=False)[:RAW_SHOWN])


class Making:
    def __init__(self, row: Row, mapping: Mapping, questions: MappingType[str, Asked]) -> None:
        self.row = row
        self.mapping = mapping
        self.questions = questions
        self.problems: list[Problem] = []
        self.notes = list(row.notes)
        self.wrong: set[str] = set()
        self.texts = dict.fromkeys(mapping.names.text_fields, "")
        self.external_id = self.split = ""
        self.meta: dict[str, Any] = {}
        self.answers: dict[str, Answer] = {}
        self.predicted: dict[str, dict[str, Any]] = {}
        self.predicted_spans: dict[str, list[Entry]] = {}
        self.excused: frozenset[str] = frozenset()

    def is_of_spans(self, target: str) -> bool:
        """Whether this use of a column wants a list of spans."""
        question = self.questions.get(target.removeprefix(PREDICTION))
        return question is not None and question.kind == SPAN

    def has_its_texts(self) -> bool:
        return self.wrong.isdisjoint(self.texts)

    def attempt(self, target: str, column: str, value: Any) -> None:
        try:
            self._place(target, column, value)
        except Wrong as wrong:
            self._note(column, wrong)
            self.wrong.add(target)

    def record(self) -> Record | list[Problem]:
        predictions: tuple[Prediction, ...] = ()
        try:
            self._check_whole()
            predictions = self._predictions()
        except Wrong as wrong:
            self._note("", wrong)
        return self.problems or Record(
            row=self.row.number,
            texts=self.texts,
            external_id=self.external_id,
            answers=self.answers,
            meta=self.meta,
            split=self.split,
            predictions=predictions,
            notes=tuple(self.notes),
        )

    def _warn(self, column: str, message: str) -> None:
        problem = Problem(self.row.number, storable(column), message, "", _raw(self.row), kept=True)
        self.notes.append(problem)

    def _note(self, column: str, wrong: Wrong) -> None:
        raw = self.problems[0].raw if self.problems else _raw(self.row)
        field = storable(column)
        self.problems.append(Problem(self.row.number, field, wrong.message, wrong.remedy, raw))

    def _place(self, target: str, column: str, value: Any) -> None:
        """Put one value where it belongs. Raises Wrong."""
        if target == IGNORE:
            return
        if why := unstorable_value(value):
            raise Wrong(f"The value {why}", "Remove or replace it.")
        if target in self.texts:
            self.texts[target] = text_in(value)
        elif self.is_of_spans(target):
            self._mark(target, column, value)
        elif target in self.questions:
            self._answer(target, value)
        elif target == "id":
            self.external_id = identifier_in(value)
        elif target == "split":
            self.split = split_in(value)
        elif target == UNRESOLVED:
            self.excused = unresolved_in(value, cells=self.row.cells)
        elif target.startswith(META):
            self._keep(target.removeprefix(META), value)
        else:
            _, question, *part = target.split(".")
            self._predict(question, "".join(part) or "label", value)

    def _answer(self, name: str, value: Any) -> None:
        question = self.questions[name]
        value = labels_in(value) if self.row.cells else value
        if value is None or (value == "" and (self.row.cells or question.required)):
            return
        labels = tuple(dict.fromkeys(labels_of(value)))
        for label in labels:
            check_label(label, question)
        if len(labels) > 1 and not question.multiple:
            raise Wrong("There are several labels where one may be chosen.", "Keep one of them.")
        if question.required and not labels:
            raise Wrong("This question needs a label.", "Choose one, or leave the value out.")
        self.answers[name] = labels

    def _mark(self, target: str, column: str, value: Any) -> None:
        """Spans: an answer, or a prediction of them."""
        name = target.removeprefix(PREDICTION)
        value = labels_in(value) if self.row.cells else value
        if value is None or value == "":
            return
        is_answer = name == target
        entries = entries_in(value, self.texts, self.texts, scored=not is_answer)
        for entry in entries:
            check_label(entry.span.label, self.questions[name])
        if is_answer:
            self.answers[name] = self._spans(name, column, [entry.span for entry in entries])
        else:
            self.predicted_spans[name] = entries
        if not all(entry.is_said for entry in entries) or not (is_answer or entries):
            self._keep_list(column.removeprefix(META), value)

    def _spans(self, name: str, column: str, spans: list[SpanValue]) -> Answer:
        """The answer that these spans are. Raises Wrong."""
        question = self.questions[name]
        if question.required and not spans:
            raise Wrong("This question needs a span.", "Mark one, or leave the value out.")
        if not question.overlapping and (two := first_overlap(spans)):
            raise Wrong(
                " and ".join(_told(span, self.texts) for span in two) + " overlap.",
                "Keep one of them, or let the spans of this question overlap.",
            )
        kept = sorted(set(spans))
        for span in kept:
            if spans.count(span) > 1:
                self._warn(column, f"{_told(span, self.texts)} stands there twice; kept once.")
            if is_inside_a_character(span, self.texts):
                message = f"{_told(span, self.texts)} begins or ends inside a character; kept so."
                self._warn(column, message)
        return tuple(kept)

    def _keep_list(self, key: str, value: Any) -> None:
        """What the spans of a list say beyond place and label, kept as the whole list that came."""
        if key in self.meta:
            message = f"Its spans say more than can be kept, and {shown(META + key)} is taken."
            raise Wrong(message, "Map one of them to another name, or to ignore.")
        self.meta[key] = value

    def _keep(self, key: str, value: Any) -> None:
        if why := unstorable(key):
            raise Wrong(f"The name of this column {why}", "Remove or replace it.")
        if self.row.cells and not value:
            return
        if key in self.meta:
            message = f"Another column is kept as {shown(META + key)} too."
            raise Wrong(message, "Map one of them to another name, or to ignore.")
        self.meta[key] = decode(value) if self.row.cells else value

    def _predict(self, name: str, part: str, value: Any) -> None:
        if value is None or value == "":
            return
        value = score_in(value) if part == "score" else name_in(value)
        if part == "label":
            check_label(value, self.questions[name])
        self.predicted.setdefault(name, {})[part] = value

    def _predictions(self) -> tuple[Prediction, ...]:
        """Raises Wrong."""
        spans = [
            Prediction(
                question=name,
                label=entry.span.label,
                score=_score_of(entry, self.predicted.get(name, {})),
                model=self.predicted.get(name, {}).get("model", ""),
                field=entry.span.field,
                start=entry.span.start,
                end=entry.span.end,
            )
            for name, entries in self.predicted_spans.items()
            for entry in entries
        ]
        labels = [
            _prediction(name, of)
            for name, of in self.predicted.items()
            if self.questions[name].kind != SPAN
        ]
        return (*labels, *spans)

    def _check_whole(self) -> None:
        """What only the whole row can show. Raises Wrong."""
        if not any(self.texts.values()) and self.has_its_texts():
            raise Wrong("There is no text.", "Give the document a text, or leave the row out.")
        needed = {name for name, question in self.questions.items() if question.required}
        missing = needed - self.answers.keys() - self.excused
        if self.answers and missing and not self.problems:
            raise Wrong(
                f"The answer to {shown(min(missing))} is missing, which every answer needs.",
                "Answer all required questions or none; or import these as predictions.",
            )


def _score_of(entry: Entry, parts: MappingType[str, Any]) -> float | None:
    return parts.get("score") if entry.score is None else score_in(entry.score)


def _told(span: SpanValue, texts: MappingType[str, str]) -> str:
    return f"{shown(quote_of(span, texts))} ({span.label}, {span.start} to {span.end})"


def _prediction(question: str, parts: MappingType[str, Any]) -> Prediction:
    if "label" not in parts:
        raise Wrong(f"The prediction for {shown(question)} has no label.", "Give it one.")
    return Prediction(question, parts["label"], parts.get("score"), parts.get("model", ""))
