"""Blind against open: overall, and where n allows for each label and each annotator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from inference.effect.estimates import (
    LEVEL,
    Estimate,
    Integers,
    Times,
    difference,
    holm,
    saving,
    share,
    taken_over,
    typical_seconds,
)
from inference.effect.table import Answered, Mask, Table, table_of

ENOUGH = 30
"""Answers in each arm; of one label or person as many in both together."""
FEWEST_IN_ARM = 10
MOST_ROWS = 50
MARGIN = 0.1
"""A label misleads when clearly more than this share of its unwanted suggestions is taken over."""


def compared(answers: Sequence[Answered]) -> dict[str, Any]:
    """All figures of the page; see `arms` for the ones of a row."""
    table = table_of(answers)
    whole = arms(table)
    labels = _rows((label, table.of_label(label)) for label in np.unique(table.item_label).tolist())
    people = _rows(
        (person, table.of_rows(table.times.annotator == person))
        for person in np.unique(table.times.annotator).tolist()
    )
    return {**whole, "labels": labels, "people": people, "misleading": misleading(labels)}


def arms(table: Table) -> dict[str, Any]:
    """Both arms of one group of answers: n, and what differs, None where that cannot be said.

    `seconds`: of a typical document. `agreement`: with what the model offered. `unwanted`: of
    the suggestions that people alone do not follow, those they take over. `skipped`: of documents.
    """
    is_open, answered = table.times.is_open, ~table.is_skipped
    return {
        "blind": int((answered & ~is_open).sum()),
        "open": int((answered & is_open).sum()),
        "seconds": _seconds(table.of_rows(answered & (table.times.seconds > 0)).times),
        **_followed(table),
        "skipped": _between(table.is_skipped, is_open, table.times.document),
    }


def misleading(labels: Sequence[dict[str, Any]]) -> list[int]:
    """Labels whose suggestions do clear harm and no clear good.

    Clear harm: more than MARGIN of the unwanted suggestions taken over, by Holm's test among all
    labels. Clear good: the interval of the time saved lies above zero.
    """
    told = [row for row in labels if row["unwanted"]]
    chances = holm([row["unwanted"]["harm_p"] for row in told])
    return [
        row["id"]
        for row, chance in zip(told, chances, strict=True)
        if chance < 1 - LEVEL and not (row["seconds"] and row["seconds"]["low"] > 0)
    ]


def _rows(groups: Iterable[tuple[int, Table]]) -> list[dict[str, Any]]:
    """A row for each group that holds enough, the largest first, with what is clear in it.

    Clear is what stays so after Holm's correction for all the rows and both figures.
    """
    rows = [{"id": key, **arms(table)} for key, table in groups if _is_enough(table)]
    rows = sorted(rows, key=lambda row: (-row["blind"] - row["open"], row["id"]))[:MOST_ROWS]
    cells = [row[kind] for row in rows for kind in ("seconds", "unwanted") if row[kind]]
    for cell, chance in zip(cells, holm([cell["p"] for cell in cells]), strict=True):
        cell["is_clear"] = chance < 1 - LEVEL
    return rows


def _is_enough(table: Table) -> bool:
    answered = table.times.is_open[~table.is_skipped]
    opened = int(answered.sum())
    return len(answered) >= ENOUGH and min(opened, len(answered) - opened) >= FEWEST_IN_ARM


def _seconds(times: Times) -> dict[str, Any] | None:
    opened = int(times.is_open.sum())
    if min(opened, len(times.seconds) - opened) < FEWEST_IN_ARM or not (saved := saving(times)):
        return None
    typical = {arm: typical_seconds(times, is_open=arm == "open") for arm in ("blind", "open")}
    return {**_stored(saved), **typical, "n": len(times.seconds)}


def _followed(table: Table) -> dict[str, Any]:
    """What of the offered items is in the answers."""
    is_open = table.times.is_open[table.item_row]
    documents = table.times.document[table.item_row]
    other = (~table.item_taken).astype(np.float64)
    shown = share(other[is_open], documents[is_open])
    hidden = share(other[~is_open], documents[~is_open])
    taken = taken_over(shown, hidden)
    harm = taken_over(shown, hidden, beyond=MARGIN)
    return {
        "agreement": _between(table.item_taken, is_open, documents),
        "unwanted": {**_stored(taken), "harm_p": harm.p, "n": shown.n + hidden.n}
        if taken and harm
        else None,
    }


def _between(hits: Mask, is_open: Mask, documents: Integers) -> dict[str, Any] | None:
    """The shares of both arms, and open minus blind."""
    ones = hits.astype(np.float64)
    treated = share(ones[is_open], documents[is_open])
    control = share(ones[~is_open], documents[~is_open])
    if min(treated.n, control.n) < FEWEST_IN_ARM:
        return None
    shares = {"blind": control.value, "open": treated.value, "n": treated.n + control.n}
    return {**_stored(difference(treated, control)), **shares}


def _stored(estimate: Estimate) -> dict[str, Any]:
    return {name: round(value, 6) for name, value in estimate._asdict().items()}
