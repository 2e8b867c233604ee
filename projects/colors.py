"""Colours of labels: hues spread evenly, neighbours far apart."""

from __future__ import annotations

from collections.abc import Iterable

from projects.models import Label

HUE_NAMES = {
    257: "Blue",
    27: "Red",
    155: "Green",
    75: "Amber",
    325: "Magenta",
    200: "Teal",
    50: "Orange",
    290: "Violet",
    120: "Lime",
    0: "Pink",
    230: "Sky",
    98: "Olive",
}
EVEN_HUES = tuple(HUE_NAMES)
"""In an order that keeps neighbours apart, also for colour-blind eyes."""

GRAINS = 4
"""How many grains tokens.css draws."""

LAST_HUE = 359


def is_hue(color: str) -> bool:
    return color.isascii() and color.isdecimal() and len(color) <= 3 and int(color) <= LAST_HUE  # noqa: PLR2004


def hues_for(labels: Iterable[Label]) -> dict[int, int]:
    """Label id to its hue in degrees: the owner's choice, else the next of the even set."""
    return {
        label.pk: int(label.color) if is_hue(label.color) else EVEN_HUES[place % len(EVEN_HUES)]
        for place, label in enumerate(labels)
    }


def stylesheet(hues: dict[int, int]) -> str:
    """CSS that gives every `label-<id>` class its colour, and a grain for eyes that see no hue."""
    return "".join(
        f".label-{pk}{{--label-hue:{hue};--label-grain:var(--grain-{place % GRAINS})}}\n"
        for place, (pk, hue) in enumerate(hues.items())
    )
