"""A document that differs between two dataset versions, as a page shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from corpus.record import Record, SpanValue
from corpus.versions.diff import Change
from corpus.versions.diff_summary import SPLIT, TEXT
from labeling.drawing import Mark
from projects.models import Label, Project

SHOWN = 400
"""Characters of a text; a list is no place to read a novel."""

QUOTED = 80
LabelIds = Mapping[tuple[str, str], int]
"""(question, label) to the id of the label, where the project still has it."""


@dataclass(frozen=True, slots=True)
class ShownText:
    field: str
    text: str
    marks: list[Mark]
    cut: bool


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One label or span that came or went; `label`: its id, 0 for one that is gone."""

    came: bool
    label: int
    name: str
    quote: str
    place: str


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    question: str
    items: list[ShownItem]
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class ShownChange:
    """`before`: the texts as they were, where they changed."""

    name: str
    parts: tuple[str, ...]
    texts: list[ShownText]
    before: list[ShownText]
    answers: list[ShownAnswer]
    moved: tuple[str, str] | None


def shown(change: Change, labels: LabelIds, fields: Sequence[str]) -> ShownChange:
    """`fields`: the texts in reading order."""
    old, new = change.old, change.new
    record = new or old
    assert record is not None  # noqa: S101 - a change is of a document
    moved = (old.split, new.split) if old and new and SPLIT in change.parts else None
    return ShownChange(
        name=record.external_id,
        parts=change.parts,
        texts=list(texts_of(record, labels, fields)),
        before=list(texts_of(old, labels, fields)) if old and TEXT in change.parts else [],
        answers=list(answers_of(old, new, labels)),
        moved=moved,
    )


def label_ids(project: Project) -> LabelIds:
    rows = Label.objects.filter(question__project=project)
    return {(q, name): pk for q, name, pk in rows.values_list("question__name", "name", "pk")}


def texts_of(record: Record, labels: LabelIds, fields: Sequence[str]) -> Iterator[ShownText]:
    for field, text in sorted(record.texts.items(), key=lambda each: _place(each[0], fields)):
        marks = [
            Mark(item.start, item.end, labels.get((question, item.label), 0), item.label)
            for question, items in record.answers.items()
            for item in items
            if isinstance(item, SpanValue) and item.field == field and item.start < SHOWN
        ]
        if text or len(record.texts) == 1:
            yield ShownText(field, text[:SHOWN], marks, cut=len(text) > SHOWN)


def _place(field: str, fields: Sequence[str]) -> int:
    return fields.index(field) if field in fields else len(fields)


def answers_of(old: Record | None, new: Record | None, labels: LabelIds) -> Iterator[ShownAnswer]:
    """The questions whose answer is not the same, and what came and went."""
    before, after = (old.answers if old else {}), (new.answers if new else {})
    for question in sorted(before.keys() | after.keys()):
        was, now = before.get(question), after.get(question)
        gone, came = set(was or ()) - set(now or ()), set(now or ()) - set(was or ())
        if (old is None or new is None) and any(
            isinstance(item, SpanValue) for item in gone | came
        ):
            # They are drawn into the text, all of them.
            continue
        if (was is None) == (now is None) and not gone and not came:
            continue
        items = [
            *(_item(item, question, old, labels, came=False) for item in _sorted(gone)),
            *(_item(item, question, new, labels, came=True) for item in _sorted(came)),
        ]
        yield ShownAnswer(question, items, _state(was), _state(now))


def _sorted(items: set[str | SpanValue]) -> list[str | SpanValue]:
    return sorted(items, key=lambda item: (isinstance(item, SpanValue), item))


def _state(answer: object) -> str:
    """In words where there is no item to tell."""
    return "not answered" if answer is None else "" if answer else "none"


def _item(
    item: str | SpanValue,
    question: str,
    record: Record | None,
    labels: LabelIds,
    *,
    came: bool,
) -> ShownItem:
    if isinstance(item, str):
        return ShownItem(came, labels.get((question, item), 0), item, "", "")
    text = record.texts.get(item.field, "") if record else ""
    quote = text[item.start : min(item.end, item.start + QUOTED)]
    place = f"{item.start} to {item.end}"
    return ShownItem(came, labels.get((question, item.label), 0), item.label, quote, place)
