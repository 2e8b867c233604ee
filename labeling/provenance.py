"""Where each answered item came from. Pure decisions on loaded data."""

from __future__ import annotations

from typing import TypedDict

from labeling.exposures import SuggestedItem
from labeling.models import Exposure, Origin


class Item(TypedDict):
    """One chosen label with its provenance, as kept in events and answers."""

    label: int
    origin: str
    suggested: SuggestedItem | None
    model_version: str


def with_provenance(labels: list[int], shown: Exposure | None, *, multiple: bool) -> list[Item]:
    """Say of each chosen label whether it was accepted, changed, or chosen without help.

    `shown`: the suggestion that stood on the page, None when there was none. A label that was
    offered is accepted. Any other choice is a change when only one label may be chosen; with
    several it is an addition of the person's own.
    """
    if shown is None or not shown.items:
        return [_item(label, Origin.MANUAL, None, "") for label in labels]
    suggested: dict[int, SuggestedItem] = {item["label"]: item for item in shown.items}
    other = Origin.MANUAL if multiple else Origin.CHANGED
    return [
        _item(
            label,
            Origin.ACCEPTED if label in suggested and suggested[label]["offered"] else other,
            suggested.get(label) or (None if multiple else _first(shown)),
            shown.model_version,
        )
        for label in labels
    ]


def _first(shown: Exposure) -> SuggestedItem:
    first: SuggestedItem = shown.items[0]
    return first


def _item(label: int, origin: Origin, suggested: SuggestedItem | None, model_version: str) -> Item:
    return {
        "label": label,
        "origin": origin.value,
        "suggested": suggested,
        "model_version": model_version,
    }
