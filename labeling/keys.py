"""Which key chooses which label."""

from __future__ import annotations

from collections.abc import Sequence

from projects.models import Label

RESERVED = frozenset("sz0fhu")
"""Skip, undo, none of these; the rest is kept for what is to come."""

SPARE = [key for key in "123456789abcdefghijklmnopqrstuvwxyz" if key not in RESERVED]


def keys_for(labels: Sequence[Label]) -> dict[int, str]:
    """Label id to its key: the owner's choice, else the next free one, "" when none is left."""
    own = {label.pk: label.hotkey.lower() for label in labels if label.hotkey}
    taken = set(own.values())
    spare = iter([key for key in SPARE if key not in taken])
    return {label.pk: own.get(label.pk) or next(spare, "") for label in labels}
