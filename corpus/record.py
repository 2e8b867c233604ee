"""The one neutral shape between files and the database, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Labels = tuple[str, ...]
"""Names of the labels chosen; empty says "none of them"."""

SPLITS = ("train", "validation", "test", "calibration")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What some model said about a document; `score` lies in [0, 1]."""

    question: str
    label: str
    score: float | None = None
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One document with its answers. A question that is absent from `answers` is unanswered."""

    row: int = 0
    texts: Mapping[str, str]
    external_id: str = ""
    answers: Mapping[str, Labels] = field(default_factory=dict)
    unresolved: Mapping[str, tuple[Labels, ...]] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    split: str = ""
    predictions: tuple[Prediction, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file before anybody said what its columns mean.

    `cells`: the values are CSV cells, in which everything but text is written as JSON.
    """

    number: int
    values: Mapping[str, Any]
    cells: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong: where, what, and what to do about it. Row 0 is the file itself."""

    row: int
    field: str
    message: str
    remedy: str = ""
    raw: str = ""

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
    """A choice question as files know it."""

    name: str
    multiple: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a file that is written holds. `meta_keys` matters to CSV alone."""

    text_fields: tuple[str, ...]
    questions: tuple[QuestionColumn, ...]
    meta_keys: tuple[str, ...] = ()
    split: bool = False
    unresolved: bool = False
    spreadsheet_safe: bool = False
