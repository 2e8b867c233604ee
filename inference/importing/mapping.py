"""Which of the project's labels each label of a foreign model stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from inference.importing.unpack import CannotImport
from projects.models import Label

Chosen = Mapping[str, int | None]
"""Their name to the id of our label; None: what it says of that is ignored."""


def suggested(theirs: Iterable[str], ours: Iterable[Label]) -> dict[str, int | None]:
    """Equal names, whatever their case and whether words are joined by spaces, _ or -."""
    known = {_plain(label.name): label.pk for label in ours}
    return {name: known.pop(_plain(name), None) for name in theirs}


def columns_of(theirs: Sequence[str], chosen: Chosen, ours: Iterable[Label]) -> list[int | None]:
    """Label ids in the order of the model's labels; several of them may stand for one of ours.

    Raises CannotImport.
    """
    known = {label.pk for label in ours}
    unknown = next((name for name in chosen if name not in theirs), None)
    if unknown is not None:
        raise CannotImport(f"The model has no label “{unknown}”. It has: {_listed(theirs)}.")
    columns = [chosen.get(name) for name in theirs]
    mapped = [label for label in columns if label is not None]
    if not mapped:
        raise CannotImport(
            "None of its labels is mapped to one of the project's, so it could say nothing. "
            f"It has: {_listed(theirs)}."
        )
    if any(label not in known for label in mapped):
        raise CannotImport("A label of the project is gone meanwhile. Choose again.")
    return columns


def _listed(names: Sequence[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()
