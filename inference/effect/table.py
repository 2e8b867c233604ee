"""Answers as columns, so that whole groups of them are counted at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.effect.estimates import Integers, Times

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Answered:
    """One person's first answer about one document, or the skip that stood in its place.

    `seconds`: of work; 0: not known. `length`: of the texts, only compared with others.
    `order`: how many the person had answered before, of these. `offered`: label of each item
    that the model offered when the document was opened, shown or not, and whether it is in the
    answer.
    """

    document: int
    annotator: int
    is_open: bool
    seconds: float
    length: int
    order: int
    is_skipped: bool = False
    offered: tuple[tuple[int, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """n answers as columns, all (n,); and the m items that were offered for them, all (m,)."""

    times: Times
    is_skipped: Mask
    item_row: Integers
    item_label: Integers
    item_taken: Mask

    def of_rows(self, wanted: Mask) -> Table:
        """These answers and skips with all their items."""
        return self._of(wanted, wanted[self.item_row])

    def of_label(self, label: int) -> Table:
        """The answers for which this label was offered, with its items alone."""
        items = self.item_label == label
        wanted = np.zeros(len(self.is_skipped), dtype=bool)
        wanted[self.item_row[items]] = True
        return self._of(wanted, items)

    def _of(self, rows: Mask, items: Mask) -> Table:
        places = np.cumsum(rows) - 1
        return Table(
            Times(*(getattr(self.times, name)[rows] for name in Times.__slots__)),
            self.is_skipped[rows],
            places[self.item_row[items]],
            self.item_label[items],
            self.item_taken[items],
        )


def table_of(answers: Sequence[Answered]) -> Table:
    items = [(row, *item) for row, each in enumerate(answers) for item in each.offered]
    of_items = np.array(items, dtype=np.int64).reshape(-1, 3)
    return Table(
        Times(
            seconds=np.array([each.seconds for each in answers], dtype=np.float64),
            is_open=np.array([each.is_open for each in answers], dtype=bool),
            annotator=np.array([each.annotator for each in answers], dtype=np.int64),
            document=np.array([each.document for each in answers], dtype=np.int64),
            length=np.array([each.length for each in answers], dtype=np.float64),
            order=np.array([each.order for each in answers], dtype=np.float64),
        ),
        np.array([each.is_skipped for each in answers], dtype=bool),
        of_items[:, 0],
        of_items[:, 1],
        of_items[:, 2].astype(bool),
    )
