"""A data card as a page shows it. Nothing where the card does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corpus.versions.card_text import ORIGINS, agreement_in_words

Card = Mapping[str, Any]


def overlap_of(card: Card) -> dict[str, Any] | None:
    """How many people answered a document, and how often two of them said the same."""
    overlap = card.get("overlap")
    if not overlap:
        return None
    several, people = overlap["documents_with_several"], overlap["people_per_document"]
    total = sum(people.values())
    return {
        "people": sorted(((int(n), count) for n, count in people.items())),
        "several": several,
        "share": round(100 * several / total) if total else 0,
        "agreement": [
            (each["question"], agreement_in_words(each)) for each in overlap["agreement"]
        ],
    }


def provenance_of(card: Card) -> list[tuple[str, int]]:
    """In words how labels were given, the most frequent first."""
    counts = card.get("provenance", {}).items()
    rows = [(ORIGINS.get(origin, origin), int(count)) for origin, count in counts]
    return sorted(rows, key=lambda row: -row[1])


def meanings_of(card: Card) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the labels meant when the version was frozen, question by question."""
    questions = [
        (each["name"], [(one["name"], one["description"]) for one in each["labels"]])
        for each in card.get("questions", ())
    ]
    return [(name, labels) for name, labels in questions if any(text for _, text in labels)]
