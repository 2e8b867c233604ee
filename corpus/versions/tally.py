"""What a dataset holds, counted while its records pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from corpus.record import CHOICE, SPAN, SPLITS, Record
from corpus.versions.canonical import Definitions
from corpus.versions.diff_summary import label_of


class Tally:
    """Counts what a dataset holds while its records pass."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.splits: dict[str, int] = {}
        self.answers: dict[tuple[str, str, str], int] = {}

    def counted(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            self.splits[record.split] = self.splits.get(record.split, 0) + 1
            for question, items in record.answers.items():
                # The empty name stands for the answer as a whole.
                for label in ("", *map(label_of, items)):
                    key = (question, label, record.split)
                    self.answers[key] = self.answers.get(key, 0) + 1
            yield record

    def counts(self) -> dict[str, Any]:
        """Documents per split; per question the answered ones, and those of each label.

        Of a span question the spans of each label are counted, of which a document may hold many.
        """
        splits = [split for split in SPLITS if split in self.splits]
        return {
            "splits": {split: self.splits[split] for split in splits},
            "questions": [
                {
                    "name": question.name,
                    **({"kind": SPAN} if question.kind == SPAN else {}),
                    "answered": self._row(question.name, "", splits),
                    "labels": [
                        {"name": label.name, "splits": self._row(question.name, label.name, splits)}
                        for label in question.labels
                    ],
                }
                for question in self.definitions.questions
                if question.kind in (CHOICE, SPAN)
            ],
        }

    def _row(self, question: str, label: str, splits: Iterable[str]) -> dict[str, int]:
        return {split: self.answers.get((question, label, split), 0) for split in splits}
