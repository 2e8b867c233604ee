"""What a model's answer to a document is, how sure it is of it, and whether it is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from inference.autolabel.selection import NEVER
from labeling.exposures import SuggestedItem
from labeling.items import Pick, pick_of
from labeling.merged import Into, followed_items
from projects.models import Question, QuestionKind


def picked(items: Sequence[Any], into: Into) -> list[dict[str, Any]]:
    """The answer, under the labels there are now: of a single choice one label; else all that are
    likely enough, also none.
    """
    return followed_items([item for item in items if item["offered"]], into)


def certainty(question: Question, items: Sequence[SuggestedItem]) -> float:
    """How sure the model is that the whole answer is right; `NEVER` where it gives none.

    Of a single choice the label's score. Of several labels, and of spans, the product over all that
    it spoke of: of those it picks the score, of the others what is left of it. Where no span was
    likely enough to be spoken of, nothing is there for certain. But where people have to choose
    something, nothing is no answer.
    """
    if question.required and not any(item["offered"] for item in items):
        return NEVER
    if question.kind == QuestionKind.SPAN:
        return _all_right(items)
    if question.multiple:
        return _all_right(items) if items else NEVER
    return max((item["score"] for item in items if item["offered"]), default=NEVER)


def is_right(items: Sequence[Mapping[str, Any]], answered: frozenset[Pick] | None) -> bool:
    """Whether the picked items are exactly what people answered. Without a resolved answer they
    are not: that can only make fewer documents be selected.
    """
    return answered is not None and frozenset(map(pick_of, items)) == answered


def _all_right(items: Sequence[SuggestedItem]) -> float:
    return prod(item["score"] if item["offered"] else 1 - item["score"] for item in items)
