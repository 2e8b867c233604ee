"""The one neutral shape between files and the database, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

CHOICE, SPAN = "choice", "span"
"""The kinds of questions that files know (see `QuestionKind`)."""


class SpanValue(NamedTuple):
    """`text[start:end]` of one field under the name of a label; code points, half-open."""

    field: str
    start: int
    end: int
    label: str


Answer = tuple[str | SpanValue, ...]
"""Names of the labels chosen, or spans in the order of the text; empty says "none"."""


def label_of(item: str | SpanValue) -> str:
    """The name of the label of one item of an answer."""
    return item.label if isinstance(item, SpanValue) else item


SPLITS = ("train", "validation", "test", "calibration")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What some model said about a document; `score` lies in [0, 1]. The last three: a span's."""

    question: str
    label: str
    score: float | None = None
    model: str = ""
    field: str = ""
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One document with its answers. A question that is absent from `answers` is unanswered.

    `people`: what each person said, by pseudonym; None where that is not known.
    `extras`: further columns of a file that is written, such as who answered.
    `notes`: what the person who imports it should know.
    """

    row: int = 0
    texts: Mapping[str, str]
    external_id: str = ""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    unresolved: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    people: Mapping[str, Mapping[str, Answer]] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    split: str = ""
    predictions: tuple[Prediction, ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file before anybody said what its columns mean.

    `cells`: the values are CSV cells, in which everything but text is written as JSON.
    `notes`: what was repaired so that the row could be read.
    """

    number: int
    values: Mapping[str, Any]
    cells: bool = False
    notes: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong: where, what, and what to do about it. Row 0 is the file itself.

    `kept`: a warning only; the row came in, as the message says.
    """

    row: int
    field: str
    message: str
    remedy: str = ""
    raw: str = ""
    kept: bool = False

    @property
    def number(self) -> int:
        return self.row

    def __str__(self) -> str:
        where = f"row {self.row}" if self.row else "file"
        column = f", {self.field}" if self.field else ""
        return f"{where}{column}: {self.message} {self.remedy}".rstrip()


class BadFile(Exception):
    """Nothing can be read from here on."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class QuestionColumn:
    """A question as files know it."""

    name: str
    multiple: bool
    kind: str = CHOICE


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Something of a document that the format of a file has no words for.

    `item` says what (a quote, a question, a key); an empty `document` means every one.
    """

    document: str
    item: str
    reason: str


def refuse(unsaid: Unsaid) -> NoReturn:
    """For whoever does not listen: nothing may be left out unheard. Raises BadFile."""
    where = f"Document {unsaid.document}" if unsaid.document else "Every document"
    message = f"{where}, {unsaid.item}: {unsaid.reason}"
    raise BadFile(Problem(0, "", message, "Choose JSON, JSON Lines or CSV."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a file that is written holds. `meta_keys` matters to CSV alone.

    `extras` names further columns (see `Record`). `options` are those of the format. A writer
    tells `unsaid` whatever it leaves out.
    """

    text_fields: tuple[str, ...]
    questions: tuple[QuestionColumn, ...]
    meta_keys: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    split: bool = False
    unresolved: bool = False
    spreadsheet_safe: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    unsaid: Callable[[Unsaid], None] = refuse
