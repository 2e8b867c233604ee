"""Colours of labels: hues spread evenly, neighbours far apart."""

from __future__ import annotations

from collections.abc import Iterable

from projects.models import Label

EVEN_HUES = (257, 27, 155, 75, 325, 200, 50, 290, 120, 0, 230, 98)
"""In an order that keeps neighbours apart, also for colour-blind eyes."""

GRAINS = 4
"""How many grains tokens.css draws."""


def hues_for(labels: Iterable[Label]) -> dict[int, int]:
    """Label id to its hue in degrees: the owner's choice, else the next of the even set."""
    return {
        label.pk: int(label.color) if label.color.isdecimal() else EVEN_HUES[place % len(EVEN_HUES)]
        for place, label in enumerate(labels)
    }


def stylesheet(hues: dict[int, int]) -> str:
    """CSS that gives every `label-<id>` class its colour, and a grain for eyes that see no hue."""
    return "".join(
        f".label-{pk}{{--label-hue:{hue};--label-grain:var(--grain-{place % GRAINS})}}\n"
        for place, (pk, hue) in enumerate(hues.items())
    )
