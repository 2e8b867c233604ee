"""Which labels were merged into which: what a label's id means that is there no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labeling.items import Chosen, Pick, pick_of, stored_pick
from labeling.models import EventKind
from labeling.spans import Span
from projects.models import Project

Into = Mapping[int, int]
"""Id of a label that was merged away to the one that stands for it."""


def merged_into(project: Project) -> dict[int, int]:
    """Every merge of the project, followed to its end. One query."""
    merges = project.events.filter(kind=EventKind.MERGE).order_by()
    pairs = set(merges.values_list("payload__from__id", "payload__to__id"))
    into = {source: target for source, target in pairs if source and target}
    return {source: _end(source, into) for source in into}


def _end(label: int, into: Mapping[int, int]) -> int:
    seen = set()
    while label in into and label not in seen:
        seen.add(label)
        label = into[label]
    return label


def followed(pick: Pick, into: Into) -> Pick:
    if isinstance(pick, Span):
        return pick._replace(label=into.get(pick.label, pick.label))
    return into.get(pick, pick)


def followed_choice(chosen: Chosen, into: Into) -> dict[int, list[Pick]]:
    """The picks under the labels there are now, none twice."""
    return {
        question: list(dict.fromkeys(followed(pick, into) for pick in picks))
        for question, picks in chosen.items()
    }


def followed_items(items: Sequence[dict[str, Any]], into: Into) -> list[dict[str, Any]]:
    """The items of an event under the labels there are now, none twice."""
    moved = [{**item, "label": into.get(item["label"], item["label"])} for item in items]
    return list({pick_of(item): item for item in reversed(moved)}.values())[::-1]


def followed_draft(payload: Mapping[str, Sequence[Any]], into: Into) -> dict[str, list[Pick]]:
    """A draft's payload under the labels there are now."""
    stored = {int(question): [stored_pick(p) for p in picks] for question, picks in payload.items()}
    return {str(question): picks for question, picks in followed_choice(stored, into).items()}
