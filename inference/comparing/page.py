"""A comparison as its page shows it: numbers with names, and the documents behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator

from inference.comparing.difference import Difference
from inference.comparing.evidence import signed
from inference.measuring.intervals import ENOUGH
from inference.models import Comparison
from labeling.items import stored_pick
from labeling.spans import Span
from projects.models import Document, DocumentState, Label, Project, Question

PAGE_SIZE = 20
GONE = "a label that is gone"


@dataclass(frozen=True, slots=True)
class Said:
    """A label, and of a span its words."""

    name: str
    label: int | None
    quote: str = ""


@dataclass(frozen=True, slots=True)
class DifferingRow:
    document: Document
    first: list[Said]
    second: list[Said]
    answer: list[Said]
    first_right: bool
    second_right: bool


def shown(question: Question, comparison: Comparison) -> dict[str, Any]:
    """What the templates draw, the second version being the newer one."""
    figures, found = comparison.figures, comparison.figures["difference"]
    names = {label.pk: label for label in question.labels.all()}
    return {
        "n": figures["n"],
        "enough": ENOUGH,
        "missing": max(ENOUGH - figures["n"], 0),
        "verdict": verdict(comparison),
        "is_f1": figures["main"] == "micro_f1",
        "difference": found,
        "points": signed(found["value"]),
        "low": signed(found["low"]),
        "high": signed(found["high"]),
        "plot": plot(found),
        "scores": figures["scores"],
        "wins": figures["wins"],
        "losses": figures["losses"],
        "both": figures["both"],
        "neither": figures["neither"],
        "labels": [_label_row(row, names) for row in figures["labels"] if row["label"] in names],
        "differing": len(figures["documents"]),
    }


def verdict(comparison: Comparison) -> str:
    """One of four: few, second, first, equal."""
    found: Difference = comparison.figures["difference"]
    if found["n"] < ENOUGH:
        return "few"
    if found["low"] > 0:
        return "second"
    return "first" if found["high"] < 0 else "equal"


def plot(found: Difference) -> dict[str, float]:
    """Places of the interval's ends, its middle and zero, in percent of a box around them all."""
    reach = max(abs(found["low"]), abs(found["high"]), 0.01) * 1.1
    return {
        name: round(50 + 50 * value / reach, 2)
        for name, value in (
            ("low", found["low"]),
            ("high", found["high"]),
            ("value", found["value"]),
        )
    }


def differing_documents(
    project: Project, question: Question, comparison: Comparison, number: str | None
) -> tuple[Page[Any], list[DifferingRow], int]:
    """A page of the documents on which they differ, and how many more are not shown: those that
    somebody may still be asked about, so that nobody is led.
    """
    rows = {row["document"]: row for row in comparison.figures["documents"]}
    published = project.documents.published()
    closed = published.filter(pk__in=rows).exclude(state=DocumentState.OPEN)
    chosen = list(closed.order_by("position", "pk").values_list("pk", flat=True))
    page = Paginator(chosen, PAGE_SIZE).get_page(number)
    documents = published.in_bulk(list(page))
    for document in documents.values():
        document.project = project
    labels = {label.pk: label for label in question.labels.all()}
    shown_rows = [_differing_row(documents[pk], rows[pk], labels) for pk in page if pk in documents]
    return page, shown_rows, len(rows) - len(chosen)


def _differing_row(
    document: Document, row: Mapping[str, Any], labels: Mapping[int, Label]
) -> DifferingRow:
    said = {side: _said(document, row[side], labels) for side in ("first", "second", "answer")}
    first_right, second_right = row["right"]
    return DifferingRow(document, **said, first_right=first_right, second_right=second_right)


def _said(document: Document, picks: Sequence[Any], labels: Mapping[int, Label]) -> list[Said]:
    found = []
    for value in picks:
        pick = stored_pick(value)
        label = labels.get(pick.label if isinstance(pick, Span) else pick)
        text = document.texts.get(pick.field, "") if isinstance(pick, Span) else ""
        quote = text[pick.start : pick.end] if isinstance(pick, Span) else ""
        found.append(Said(label.name if label else GONE, label.pk if label else None, quote))
    return found


def _label_row(row: Mapping[str, Any], names: Mapping[int, Label]) -> dict[str, Any]:
    return {
        **row,
        "label": names[row["label"]],
        "recall": _in_points(row["recall"]),
        "precision": _in_points(row["precision"]),
        "least_said": min(row["said"]),
    }


def _in_points(found: Difference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    ends = {name: signed(found[name]) for name in ("value", "low", "high")}
    return {**ends, "n": found["n"]}
