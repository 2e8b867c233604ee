"""One value of a row as what it is for: a text, a name, a label, a split, a score."""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from corpus.cells import loads
from corpus.checks import Wrong, shown
from corpus.record import CHOICE, SPLITS

MAX_TEXT = 1_000_000
MAX_NAME = 200
"""Characters of an id or a label."""

SPLIT_WORDS = {name: name for name in SPLITS} | dict.fromkeys(("dev", "valid", "val"), "validation")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as an import sees it. `open`: labels it does not have are made."""

    multiple: bool
    required: bool
    labels: AbstractSet[str]
    open: bool = False
    kind: str = CHOICE
    overlapping: bool = False


def text_in(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Wrong(f"{shown(value)} is not text.", "Write the text in quotes.")
    if len(value) > MAX_TEXT:
        raise Wrong(
            f"The text is {len(value):,} characters long; {MAX_TEXT:,} is the most.",
            "Split it into several documents.",
        )
    return value


def identifier_in(value: Any) -> str:
    return "" if value is None or value == "" else name_in(value)


def name_in(value: Any) -> str:
    """A short text; whole numbers will do. Raises Wrong."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Wrong(f"{shown(value)} is not a name.", "Write a short text.")
    name = str(value)
    if len(name) > MAX_NAME:
        raise Wrong(f"{shown(name)} has more than {MAX_NAME} characters.", "Shorten it.")
    return name


def split_in(value: Any) -> str:
    if value is None or value == "":
        return ""
    split = SPLIT_WORDS.get(value.lower()) if isinstance(value, str) else None
    if split is None:
        known = ", ".join(SPLITS)
        raise Wrong(f"{shown(value)} is not a split.", f"Use {known}, or map it to meta.split.")
    return split


def unresolved_in(value: Any, *, cells: bool) -> frozenset[str]:
    """The questions that people did not agree on."""
    if value is None or value == "":
        return frozenset()
    try:
        opinions = loads(value) if cells else value
    except ValueError:
        opinions = None
    if not isinstance(opinions, dict):
        remedy = "Write an object with the names of questions, or map this to ignore."
        raise Wrong(f"{shown(value)} does not say what is unresolved.", remedy)
    return frozenset(opinions)


def labels_of(value: Any) -> list[str]:
    """Names of labels; an empty text, like an empty list, is none of them."""
    if value == "":
        return []
    return [name_in(label) for label in (value if isinstance(value, list) else [value])]


def check_label(label: str, question: Asked) -> None:
    if label in question.labels:
        return
    if not question.open:
        close = _closest(label, frozenset(question.labels))
        remedy = f"Did you mean {shown(close)}?" if close else "Add it, or have labels created."
        raise Wrong(f"There is no label {shown(label)}.", remedy)
    if not label.strip() or label.splitlines() != [label]:
        raise Wrong(f"{shown(label)} cannot be a label.", "Use a short name on one line.")


@lru_cache(maxsize=1000)
def _closest(label: str, labels: frozenset[str]) -> str:
    """Slow, and a file repeats its wrong labels."""
    return next(iter(get_close_matches(label, sorted(labels), n=1)), "")


def score_in(value: Any) -> float:
    try:
        score = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        score = math.nan
    if not 0 <= score <= 1:
        raise Wrong(f"{shown(value)} is not a score.", "Write a number from 0 to 1.")
    return score
