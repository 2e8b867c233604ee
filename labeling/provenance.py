"""Where each answered item came from. Pure decisions on loaded data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labeling.exposures import SuggestedItem
from labeling.items import Item, Pick, item_of
from labeling.models import Exposure, Origin
from labeling.spans import Span


def with_provenance(
    picks: Sequence[Pick], shown: Exposure | None, texts: Mapping[str, str], *, several: bool
) -> list[Item]:
    """Say of each pick whether it was accepted, changed, or chosen without help.

    `shown`: the suggestion that stood on the page, None when there was none. What was offered is
    accepted. Any other label is a change when only one may be chosen; with several it is an
    addition of the person's own. A span that overlaps a suggested one is a change of that.
    """
    return [
        {
            **item_of(pick, texts, origin),
            "suggested": suggested,
            "model_version": shown.model_version if shown and shown.items else "",
        }
        for pick in picks
        for origin, suggested in [_origin(pick, shown, several=several)]
    ]


def _origin(
    pick: Pick, shown: Exposure | None, *, several: bool
) -> tuple[Origin, SuggestedItem | None]:
    items: list[SuggestedItem] = shown.shown_items if shown else []
    if isinstance(pick, Span):
        return _origin_of_span(pick, items)
    same = next((item for item in items if item["label"] == pick), None)
    if same is not None and same["offered"]:
        return Origin.ACCEPTED, same
    if several or not items:
        return Origin.MANUAL, same
    return Origin.CHANGED, same or items[0]


def _origin_of_span(
    span: Span, items: Sequence[SuggestedItem]
) -> tuple[Origin, SuggestedItem | None]:
    offered = [item for item in items if item["offered"] and item.get("field") == span.field]
    touching = [item for item in offered if item["start"] < span.end and span.start < item["end"]]
    for item in touching:
        if (item["start"], item["end"], item["label"]) == (span.start, span.end, span.label):
            return Origin.ACCEPTED, item
    return (Origin.CHANGED, touching[0]) if touching else (Origin.MANUAL, None)
