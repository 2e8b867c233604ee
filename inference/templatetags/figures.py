from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from inference.measuring.intervals import ENOUGH
from inference.measuring.plots import percent

register = template.Library()


@register.filter
def as_percent(estimate: Mapping[str, Any] | float) -> str:
    """84 %, of an estimate or a number."""
    return percent(estimate["value"] if isinstance(estimate, Mapping) else estimate)


@register.filter
def as_range(estimate: Mapping[str, Any]) -> str:
    """75 to 91, of an estimate."""
    return f"{100 * estimate['low']:.0f} to {100 * estimate['high']:.0f}"


@register.filter
def is_enough(number: int) -> bool:
    return number >= ENOUGH


@register.filter
def is_estimate(value: Any) -> bool:
    return isinstance(value, Mapping) and {"value", "low", "high", "n"} <= value.keys()


@register.filter
def is_plain(value: Any) -> bool:
    """A word or a number, which a page can print as it is."""
    return isinstance(value, str | int | float)


@register.filter
def in_points(points: float) -> str:
    """1.2, with a true minus sign."""
    return f"{points:g}".replace("-", "\N{MINUS SIGN}")


@register.filter
def in_short(name: str) -> str:
    """Macro F1, of macro_f1."""
    words = name.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}".replace(" f1", " F1")
