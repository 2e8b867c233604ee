"""A measurement as the Model page shows it: numbers with names, in the words of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inference.measuring.confusion import (
    BOTH_OTHER,
    EXTRA,
    MISSED,
    NOTHING,
    OTHER_BORDERS,
    OTHER_LABEL,
    OTHERS,
    RIGHT,
)
from inference.measuring.intervals import ENOUGH
from inference.measuring.plots import curve_plot, reliability_plot
from inference.models import Measurement
from projects.models import Label, Question, QuestionKind

SHADES = 10
MOST_SELDOM = 12
HARDLY = 0.0025
GONE = "a label that is gone"
ERRORS = {
    RIGHT: "Right: borders and label",
    OTHER_LABEL: "Right borders, another label",
    OTHER_BORDERS: "Right label, other borders",
    BOTH_OTHER: "Other borders and another label",
    EXTRA: "Marked by the model alone",
    MISSED: "Marked by people alone",
}


def shown(question: Question, measurement: Measurement) -> dict[str, Any]:
    """What the templates draw of one question's newest measurement."""
    figures = measurement.figures
    names = {label.pk: label for label in question.labels.all()}
    first = "micro_f1" if question.takes_several else "accuracy"
    return {
        "n": figures["n"],
        "missing": max(ENOUGH - figures["n"], 0),
        "enough": ENOUGH,
        "main": figures[first],
        "is_f1": question.takes_several,
        "tiles": tiles(question, figures, names),
        "labels": label_rows(figures["labels"], names),
        "confusion": confusion_table(figures.get("confusion"), names),
        "errors": error_rows(figures.get("errors")),
        "reliability": reliability_plot(figures["reliability"]),
        "scored": figures["reliability"]["n"],
        "curve": curve_plot(figures["curve"], figures["answers"]),
        "curve_figures": figures["curve"],
        "gain": gain(figures["gain"]),
        "shares": share_rows(figures["shares"], names),
        "shares_n": figures["shares"]["n"],
        "labels_left_out": max(figures["shares"]["labels"] - len(figures["shares"]["shares"]), 0),
    }


def tiles(
    question: Question, figures: Mapping[str, Any], names: Mapping[int, Label]
) -> list[dict[str, Any]]:
    """The figures side by side: never accuracy alone."""
    if question.takes_several:
        what = "span" if question.kind == QuestionKind.SPAN else "label"
        return [
            _tile("F1", figures["micro_f1"], f"over every {what}"),
            _tile("Macro F1", figures["macro_f1"], "each label counts the same"),
            _tile("Wholly right", figures["accuracy"], "documents without a mistake"),
            _tile("Coverage", figures["coverage"], "documents with a suggestion"),
        ]
    # There is none where it was measured while several could be chosen.
    always = [
        _tile("Largest class", largest, f"always saying “{_name(largest['label'], names)}”")
        for largest in [figures.get("largest")]
        if largest
    ]
    return [
        _tile("Right", figures["accuracy"], "of all blind test documents"),
        _tile("Macro F1", figures["macro_f1"], "each label counts the same"),
        *always,
        _tile("Coverage", figures["coverage"], "documents with a suggestion"),
        _tile("Right where it suggests", figures["where_it_speaks"], "of those"),
    ]


def label_rows(rows: list[dict[str, Any]], names: Mapping[int, Label]) -> dict[str, Any]:
    """The most answered first; apart, those that were too seldom answered and suggested."""
    ranked = [
        {**row, "label": names[row["label"]]}
        for row in sorted(rows, key=lambda row: -row["recall"]["n"])
        if row["label"] in names
    ]
    seldom = [row for row in ranked if max(row["precision"]["n"], row["recall"]["n"]) < ENOUGH]
    return {
        "rows": [row for row in ranked if row not in seldom],
        "seldom": seldom[:MOST_SELDOM],
        "more": max(len(seldom) - MOST_SELDOM, 0),
    }


def confusion_table(
    confusion: Mapping[str, Any] | None, names: Mapping[int, Label]
) -> dict[str, Any] | None:
    """Rows with a shade for each cell; of rows with few answers counts, not shares."""
    if not confusion or not confusion["classes"]:
        return None
    classes = confusion["classes"]
    return {
        "columns": [_heading(each, names, "nothing") for each in classes],
        "rows": [
            {
                "name": _heading(each, names, "none of them"),
                "n": sum(row),
                "cells": [
                    _cell(number, sum(row), is_right=column == place and each != OTHERS)
                    for column, number in enumerate(row)
                ],
            }
            for place, (each, row) in enumerate(zip(classes, confusion["rows"], strict=True))
            if sum(row)
        ],
        "wrong_among_others": confusion["wrong_among_others"],
        "pairs": [
            {
                **pair,
                "answered": _heading(pair["answered"], names, "none of them"),
                "said": _heading(pair["said"], names, "nothing"),
            }
            for pair in confusion["pairs"]
        ],
    }


def error_rows(errors: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Kinds of errors with their counts, and the share that each has of all spans."""
    if errors is None:
        return None
    total = sum(errors["kinds"].values())
    rows = [
        {
            "kind": words,
            "number": number,
            "share": round(100 * number / total, 1) if total else 0,
            "is_right": kind == RIGHT,
        }
        for kind, words in ERRORS.items()
        if (number := errors["kinds"].get(kind, 0)) or kind == RIGHT
    ]
    return {**errors, "rows": rows, "total": total}


def gain(figures: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What more answers would buy, in points; `words` where a figure would say too much."""
    if figures is None:
        return None
    points = {name: round(100 * figures[name], 1) for name in ("value", "low", "high")}
    words = ""
    if figures["high"] < 2 * HARDLY or figures["value"] < HARDLY:
        words = "hardly anything"
    elif round(points["value"] * 2) == 1:
        words = "about half a point"
    return {**figures, **points, "words": words}


def share_rows(shares: Mapping[str, Any], names: Mapping[int, Label]) -> list[dict[str, Any]]:
    """Places of the bars in percent of the longest."""
    if shares["n"] < ENOUGH:
        return []
    whole = max(row["high"] for row in shares["shares"]) / 100
    return [
        {
            **row,
            "name": _name(row["label"], names),
            "label": names.get(row["label"]),
            "width": round(row["value"] / whole, 2),
            "from": round(row["low"] / whole, 2),
            "to": round(row["high"] / whole, 2),
        }
        for row in shares["shares"]
    ]


def _tile(name: str, estimate: Mapping[str, Any], means: str) -> dict[str, Any]:
    return {"name": name, "estimate": estimate, "means": means}


def _cell(number: int, of: int, *, is_right: bool) -> dict[str, Any]:
    share = number / of if of else 0.0
    return {
        "number": number,
        "text": f"{100 * share:.0f}" if of >= ENOUGH else str(number),
        "shade": round(SHADES * share),
        "is_right": is_right,
    }


def _heading(each: int | str, names: Mapping[int, Label], nothing: str) -> str:
    if each == NOTHING:
        return nothing
    return "other labels" if each == OTHERS else _name(int(each), names)


def _name(label: int | None, names: Mapping[int, Label]) -> str:
    if label is None:
        return "none of them"
    return names[label].name if label in names else GONE
