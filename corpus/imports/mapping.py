"""What the columns of a file mean: `target=column`, said by the person or by the column's name.

A column that nobody mapped means what it is called: `id`, a text field, a question, `split`,
`prediction.<question>`, `unresolved`. All other columns are kept as metadata, so nothing is dropped
unless somebody maps it to `ignore`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from corpus.checks import shown

Pairs = tuple[tuple[str, str], ...]
"""(target, column)"""

META = "meta."
IGNORE = "ignore"
UNRESOLVED = "unresolved"
"""In exports: what people said who did not agree. Reading it back, only the names of the questions
count: these need no answer."""

RESERVED = frozenset({"id", "split", "meta", "prediction", IGNORE, UNRESOLVED})
"""Names that no text field or question can have in a file."""


class BadMapping(Exception):
    """A mapping that cannot be meant; the message says why."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a project's columns can mean. `spans`: those of the questions that are of spans.

    Questions that nobody can answer yet are named apart.
    """

    text_fields: tuple[str, ...]
    questions: tuple[str, ...]
    other_questions: tuple[str, ...] = ()
    spans: tuple[str, ...] = ()

    def targets(self) -> list[str]:
        """Everything a column can be mapped to, but for the open `meta.<key>`."""
        predicted = [
            f"prediction.{question}{part}"
            for question in self.questions
            for part in ("", ".score", ".model")
        ]
        return [*self.text_fields, *self.questions, "id", "split", UNRESOLVED, *predicted, IGNORE]


def parse(words: Iterable[str]) -> Pairs:
    """Read `target=column` words. Raises BadMapping."""
    pairs = []
    for word in words:
        target, sign, column = word.partition("=")
        if not (target and sign and column):
            raise BadMapping(f"{shown(word)} is no mapping. Write target=column, as in text=body.")
        pairs.append((target, column))
    return tuple(pairs)


class Mapping:
    """Decides for each column what it is for. Raises BadMapping."""

    def __init__(self, names: Names, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self.names = names
        self.pairs = tuple((target, column) for target, column in pairs)
        self._known = frozenset(names.targets())
        for target, _ in self.pairs:
            self._check(target)
        self._given: dict[str, list[str]] = {}
        for target, column in self.pairs:
            self._given.setdefault(column, []).append(target)
        self._by_name = self._known - {IGNORE} - {target for target, _ in self.pairs}

    def targets_of(self, column: str) -> list[str]:
        """What the column is for; it may have several uses."""
        if column in self._given:
            return self._given[column]
        if column in self._by_name:
            return [column]
        return [column if column.startswith(META) else META + column]

    def named_columns(self) -> set[str]:
        """The columns that somebody named, which the file must have."""
        return set(self._given)

    def fields_without_column(self, columns: Iterable[str]) -> set[str]:
        """The text fields that no column of the file is for."""
        used = {target for column in columns for target in self.targets_of(column)}
        return set(self.names.text_fields) - used

    def _check(self, target: str) -> None:
        if target in self.names.other_questions:
            raise BadMapping(f"{shown(target)} is of a kind that cannot be imported yet.")
        is_meta = target.startswith(META) and target != META
        if target not in self._known and not is_meta:
            known = ", ".join([*self.names.targets(), "meta.<key>"])
            raise BadMapping(f"There is no {shown(target)} to map a column to. Known: {known}.")
        if target != IGNORE and [given for given, _ in self.pairs].count(target) > 1:
            raise BadMapping(f"{shown(target)} is mapped to two columns; choose one.")
