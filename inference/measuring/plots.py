"""Figures as places in a drawing, in percent of its width and height, y downwards.

Percent, so that a chart fits a phone without its words shrinking.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Place = float

LIKELY_TICKS = 4
FINE, COARSE = 0.1, 0.2
LAST_TICK_FREE = 82.0
"""Percent of the width from which a tick would touch the words at the end."""


class Tick(NamedTuple):
    at: Place
    label: str


class Dot(NamedTuple):
    """A value with its interval; `title` says it in words."""

    x: Place
    y: Place
    low: Place
    high: Place
    title: str


def curve_plot(curve: Mapping[str, Any], answers: int) -> dict[str, Any] | None:
    """Line, band and dots of a learning curve; None where there is not enough."""
    points = curve["points"]
    if not points:
        return None
    dots = curve["dots"]
    last = max(answers, points[-1][0], 1)
    lows = [row[2] for row in points] + [dot["low"] for dot in dots]
    highs = [row[3] for row in points] + [dot["high"] for dot in dots]
    levels = _levels(min(lows), max(highs))
    bottom, top = levels[-1], levels[0]

    def x(number: float) -> Place:
        return _place(number, 0.0, last)

    def y(value: float) -> Place:
        return _place(value, top, bottom)

    upper = [f"{x(row[0])},{y(row[3])}" for row in points]
    lower = [f"{x(row[0])},{y(row[2])}" for row in reversed(points)]
    end = points[-1]
    return {
        "line": " ".join(f"{x(row[0])},{y(row[1])}" for row in points),
        "band": " ".join(upper + lower),
        "end": Dot(x(end[0]), y(end[1]), y(end[2]), y(end[3]), percent(end[1])),
        "dots": [
            Dot(x(dot["answers"]), y(dot["value"]), y(dot["low"]), y(dot["high"]), in_words(dot))
            for dot in dots
        ],
        "y_ticks": [Tick(y(value), f"{100 * value:.0f}") for value in levels],
        "x_ticks": _counts(last),
        "last": int(last),
        "rows": [points[place] for place in _spread(len(points), 6)],
    }


def reliability_plot(figures: Mapping[str, Any]) -> dict[str, Any] | None:
    """Dots of a reliability plot from 0 to 100 %; None where there is not enough."""
    if not figures["bins"]:
        return None
    return {
        "dots": [
            Dot(
                round(100 * each["said"], 2),
                round(100 - 100 * each["value"], 2),
                round(100 - 100 * each["low"], 2),
                round(100 - 100 * each["high"], 2),
                f"Said {percent(each['said'])}, right {in_words(each)}",
            )
            for each in figures["bins"]
        ],
        "ticks": (0, 25, 50, 75, 100),
        "bins": figures["bins"],
        "ece": figures["ece"],
        "n": figures["n"],
    }


def percent(value: float) -> str:
    return f"{100 * value:.0f}\N{NO-BREAK SPACE}%"


def in_words(estimate: Mapping[str, Any]) -> str:
    """84 % (75 to 91, n = 62)"""
    low, high = round(100 * estimate["low"]), round(100 * estimate["high"])
    return f"{percent(estimate['value'])} ({low} to {high}, n = {estimate['n']})"


def _place(value: float, first: float, last: float) -> Place:
    return round(100 * (value - first) / (last - first), 2)


def _levels(lowest: float, highest: float) -> list[float]:
    """Round values from above the highest to below the lowest."""
    step = FINE if highest - lowest <= 0.5 else COARSE  # noqa: PLR2004 - half the height
    first, last = math.floor(lowest / step), math.ceil(highest / step)
    last = max(last, first + 2)
    if last * step > 1:
        first, last = min(first, round(1 / step) - 2), round(1 / step)
    return [round(number * step, 2) for number in range(last, first - 1, -1)]


def _counts(last: float) -> list[Tick]:
    """Round numbers of answers along the bottom, the last number itself left to its words."""
    rough = last / LIKELY_TICKS
    power = 10 ** math.floor(math.log10(max(rough, 1)))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    places = [step * number for number in range(LIKELY_TICKS + 1)]
    return [
        Tick(round(100 * number / last, 2), f"{number:,.0f}")
        for number in places
        if 100 * number / last <= LAST_TICK_FREE
    ]


def _spread(count: int, wanted: int) -> Sequence[int]:
    if count <= wanted:
        return range(count)
    return [round(number * (count - 1) / (wanted - 1)) for number in range(wanted)]
