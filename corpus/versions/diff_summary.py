"""The figures of a comparison of two dataset versions. Pure counting over loaded records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from corpus.record import Record
from corpus.versions.canonical import Definitions, QuestionDefinition

ADDED, REMOVED, TEXT, ANSWERS, SPLIT, META = PARTS = (
    "added",
    "removed",
    "text",
    "answers",
    "split",
    "meta",
)
"""What can differ about a document."""

Answers = Mapping[str, tuple[Any, ...]]


def parts_of(old: Record | None, new: Record | None) -> list[str]:
    """What differs between two states of one document; None: it is not in that version."""
    if old is None or new is None:
        return [ADDED if old is None else REMOVED]
    pairs = {
        TEXT: (old.texts, new.texts),
        ANSWERS: (said(old, new), said(new, old)),
        SPLIT: (old.split, new.split),
        META: (old.meta, new.meta),
    }
    return [part for part, (before, after) in pairs.items() if before != after]


def said(record: Record, other: Record) -> list[Any]:
    """The answers; and those of each person, where both versions hold them."""
    people = record.people if other.people is not None else None
    return [sets(record.answers), {name: sets(one) for name, one in (people or {}).items()}]


def sets(answers: Answers) -> dict[str, frozenset[Any]]:
    return {question: frozenset(items) for question, items in answers.items()}


def label_of(item: Any) -> str:
    """The label's name of an answered item, be it a label or a span of one."""
    return item if isinstance(item, str) else str(item.label)


class Summary:
    """Counts of both versions, and of what differs, while the documents pass."""

    def __init__(self, old: Definitions, new: Definitions) -> None:
        self.old, self.new = old, new
        self.documents: Counter[str] = Counter()
        self.parts: Counter[str] = Counter()
        self.moves: Counter[tuple[str, str]] = Counter()
        self.answers: Counter[tuple[str, str]] = Counter()
        self.labels: Counter[tuple[str, str, str]] = Counter()

    def count(self, side: str, record: Record) -> None:
        """Note a document of one version; `side`: before, after."""
        self.documents[side] += 1
        for question, items in record.answers.items():
            self.answers[question, side] += 1
            for item in items:
                self.labels[question, label_of(item), side] += 1

    def note(self, parts: Iterable[str], old: Record | None, new: Record | None) -> None:
        """Note a document that is not the same in both."""
        self.parts.update(parts)
        if old and new and old.split != new.split:
            self.moves[old.split, new.split] += 1
        before, after = sets(old.answers if old else {}), sets(new.answers if new else {})
        for question in before.keys() | after.keys():
            was, now = before.get(question), after.get(question)
            if was != now:
                how = ADDED if was is None else REMOVED if now is None else "changed"
                self.answers[question, how] += 1
            for item in (now or frozenset()) - (was or frozenset()):
                self.labels[question, label_of(item), ADDED] += 1
            for item in (was or frozenset()) - (now or frozenset()):
                self.labels[question, label_of(item), REMOVED] += 1

    def as_json(self) -> dict[str, Any]:
        """All figures. Of answers and labels: before + added - removed = after."""
        return {
            "documents": {
                "before": self.documents["before"],
                "after": self.documents["after"],
                **{part: self.parts[part] for part in PARTS},
            },
            "split_moves": [
                {"from": old, "to": new, "documents": moved}
                for (old, new), moved in sorted(self.moves.items())
            ],
            "questions": [self._question(question) for question in self._questions()],
            "definitions": definition_changes(self.old, self.new),
        }

    def _questions(self) -> list[QuestionDefinition]:
        newer = {question.name for question in self.new.questions}
        return [*self.new.questions, *(q for q in self.old.questions if q.name not in newer)]

    def _question(self, question: QuestionDefinition) -> dict[str, Any]:
        name = question.name
        defined = [
            label.name
            for side in (self.new, self.old)
            for each in side.questions
            if each.name == name
            for label in each.labels
        ]
        return {
            "name": name,
            "kind": question.kind,
            "answers": {
                how: self.answers[name, how]
                for how in ("before", "after", ADDED, REMOVED, "changed")
            },
            "labels": [
                {
                    "name": label,
                    **{
                        how: self.labels[name, label, how]
                        for how in ("before", "after", ADDED, REMOVED)
                    },
                }
                for label in dict.fromkeys(defined)
            ],
        }


def definition_changes(old: Definitions, new: Definitions) -> list[dict[str, Any]]:
    """What changed about the text fields, questions and labels themselves."""
    changes = [
        *_gone_and_new("text field", old.text_fields, new.text_fields),
        *_gone_and_new("question", _names(old.questions), _names(new.questions)),
    ]
    before = {question.name: question for question in old.questions}
    for question in new.questions:
        if question.name in before:
            changes += _question_changes(before[question.name], question)
    return changes


def _question_changes(old: QuestionDefinition, new: QuestionDefinition) -> list[dict[str, Any]]:
    was, now = asdict(old), asdict(new)
    changes: list[dict[str, Any]] = [
        {
            "what": key,
            "of": new.name,
            "name": key,
            "change": "changed",
            "was": was[key],
            "now": now[key],
        }
        for key in now
        if key not in {"labels", "name"} and was[key] != now[key]
    ]
    changes += _gone_and_new("label", _names(old.labels), _names(new.labels), of=new.name)
    described = {label.name: label.description for label in old.labels}
    return changes + [
        {
            "what": "label",
            "of": new.name,
            "name": label.name,
            "change": "described anew",
            "was": described[label.name],
            "now": label.description,
        }
        for label in new.labels
        if label.name in described and described[label.name] != label.description
    ]


def _gone_and_new(
    what: str, old: Iterable[str], new: Iterable[str], of: str = ""
) -> list[dict[str, Any]]:
    before, after = list(old), list(new)
    return [
        *(_change(what, of, name, ADDED) for name in after if name not in before),
        *(_change(what, of, name, REMOVED) for name in before if name not in after),
    ]


def _change(what: str, of: str, name: str, change: str) -> dict[str, Any]:
    return {"what": what, "of": of, "name": name, "change": change}


def _names(definitions: Iterable[Any]) -> list[str]:
    return [each.name for each in definitions]
