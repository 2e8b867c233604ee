"""What suggestions do to people as the Model page says it: one sentence, then a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference.effect.answered import first_answers
from inference.effect.compared import ENOUGH, compared
from projects.models import Label, Question, User

MINUS, SPACE = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure with its 95 % interval, in words; `is_clear`: it holds after correction."""

    text: str = ""
    interval: str = ""
    is_clear: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One figure in both arms, and what lies between them."""

    name: str
    blind: str
    open: str
    difference: Cell


@dataclass(frozen=True, slots=True)
class Part:
    """One label or one person: the time saved, and the unwanted suggestions taken over."""

    of: Label | User
    n: int
    saved: Cell
    unwanted: Cell


@dataclass(frozen=True, slots=True)
class Effect:
    """Ready for the template. `is_enough`: `sentence` says a figure, and not what is missing."""

    sentence: str
    is_enough: bool
    blind: int
    open: int
    rows: list[Row]
    labels: list[Part]
    people: list[Part]
    misleading: list[Label]
    hidden: list[Label]


def effect_figures(question: Question) -> dict[str, Any]:
    """What suggestions do to those who answer this question, as numbers, ready for JSON."""
    return compared(first_answers(question))


def effect_of(question: Question, figures: Mapping[str, Any], *, people: bool) -> Effect:
    """The figures in words. `people`: also person by person, which only owners may see.

    Reads the labels, which may be prefetched, and with `people` the users: two queries at most.
    """
    labels = {label.pk: label for label in question.labels.all()}
    by_person = figures["people"] if people else []
    users = User.objects.in_bulk([row["id"] for row in by_person]) if by_person else {}
    is_enough = min(figures["blind"], figures["open"]) >= ENOUGH and bool(figures["seconds"])
    return Effect(
        sentence=_sentence(figures, is_enough=is_enough),
        is_enough=is_enough,
        blind=figures["blind"],
        open=figures["open"],
        rows=_rows(figures) if is_enough else [],
        labels=[_part(row, labels[row["id"]]) for row in figures["labels"] if row["id"] in labels],
        people=[_part(row, users[row["id"]]) for row in by_person if row["id"] in users],
        misleading=[
            labels[pk]
            for pk in figures["misleading"]
            if pk in labels and not labels[pk].hide_suggestions
        ],
        hidden=[label for label in labels.values() if label.hide_suggestions],
    )


def _sentence(figures: Mapping[str, Any], *, is_enough: bool) -> str:
    if not is_enough:
        if min(figures["blind"], figures["open"]) >= ENOUGH:
            return "Too early to say what suggestions do: too few answers have a time."
        blind, opened = (min(figures[arm], ENOUGH) for arm in ("blind", "open"))
        return (
            f"Too early to say what suggestions do: {blind} of {ENOUGH} answers without "
            f"suggestions, {opened} of {ENOUGH} with them."
        )
    saved = figures["seconds"]
    share, reach = abs(saved["value"]), (saved["high"] - saved["low"]) / 2
    give = f"give or take {100 * reach:.0f}"
    if saved["low"] > 0:
        return f"Suggestions save {_percent(share)} of the time, {give}."
    if saved["high"] < 0:
        return f"Suggestions cost {_percent(share)} more time, {give}."
    return (
        "Suggestions make no clear difference to the time: between "
        f"{_percent(-saved['low'])} more and {_percent(saved['high'])} less."
    )


def _rows(figures: Mapping[str, Any]) -> list[Row]:
    seconds = figures["seconds"]
    times = (f"{seconds['blind']:.1f}", f"{seconds['open']:.1f}")
    rows = [Row("Seconds a document", *times, _less(seconds))]
    names = {"agreement": "Same as suggested", "skipped": "Skipped"}
    for kind, name in names.items():
        if part := figures[kind]:
            shares = (_percent(part["blind"], 1), _percent(part["open"], 1))
            rows.append(Row(name, *shares, _more(part)))
    rows.append(Row("Unwanted, yet taken over", "", "", _share(figures["unwanted"])))
    return rows


def _part(row: Mapping[str, Any], of: Label | User) -> Part:
    return Part(of, row["blind"] + row["open"], _share(row["seconds"]), _share(row["unwanted"]))


def _less(saved: Mapping[str, Any]) -> Cell:
    turned = {"value": -saved["value"], "low": -saved["high"], "high": -saved["low"]}
    return Cell(f"{_signed(turned['value'])}{SPACE}%", _interval(turned, signed=True))


def _more(part: Mapping[str, Any]) -> Cell:
    return Cell(_signed(part["value"], 1), _interval(part, places=1, signed=True))


def _share(part: Mapping[str, Any] | None) -> Cell:
    if part is None:
        return Cell()
    return Cell(_percent(part["value"]), _interval(part), part.get("is_clear", False))


def _interval(part: Mapping[str, Any], *, places: int = 0, signed: bool = False) -> str:
    write = _signed if signed else _points
    return f"{write(part['low'], places)} to {write(part['high'], places)}"


def _percent(share: float, places: int = 0) -> str:
    return f"{_points(share, places)}{SPACE}%"


def _points(share: float, places: int = 0) -> str:
    """Hundredths, with a true minus sign and no minus before a zero."""
    return f"{round(100 * share, places) + 0.0:.{places}f}".replace("-", MINUS)


def _signed(share: float, places: int = 0) -> str:
    points = _points(share, places)
    return points if points.startswith(MINUS) or not float(points) else f"+{points}"
