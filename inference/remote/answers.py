"""Answers of chat models, read strictly: what is not exactly an answer is refused, never guessed.

Scores are what the model says of itself, so they are not calibrated.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from inference.predicting import Items
from inference.remote.asking import read_json
from inference.remote.configuration import Asks, Configuration
from inference.remote.problems import CallFailed, Refused
from inference.spans.words import word_places
from labeling.exposures import SuggestedItem
from labeling.spans import Span, cuts_a_character, quote_of, shown

MOST_SPANS = 500
Texts = Mapping[str, str]


def read_answer(
    content: str, configuration: Configuration, texts: Texts, *, overlapping: bool
) -> Items:
    """Items as `Predictor` gives them, of every label the prompt names. Raises Refused."""
    answer = _object(content)
    ids = configuration.ids
    asks: Asks = configuration.asks
    if asks == "one":
        return _one(answer, ids, optional=configuration.optional)
    if asks == "several":
        return _several(answer, ids)
    items = [
        _span(given, ids, texts) for given in _list(answer.get("spans"), "spans")[: MOST_SPANS + 1]
    ]
    return in_order(items, texts, overlapping=overlapping)


def _object(content: str) -> Mapping[str, Any]:
    text = content.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text.removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        answer = read_json(text)
    except CallFailed:
        raise Refused(f"It answered {shown(content)}, which is no JSON.") from None
    if not isinstance(answer, dict):
        raise Refused(f"It answered {shown(content)}, which is no JSON object.")
    return answer


def _one(answer: Mapping[str, Any], ids: Mapping[str, int], *, optional: bool) -> Items:
    """The rest of the confidence is shared evenly by the labels that were not chosen."""
    if "label" in answer and answer["label"] is None:
        if optional:
            return []
        raise Refused("It chose no label, and this question wants one.")
    chosen, score = _label(answer, ids), _confidence(answer)
    others = [label for label in ids.values() if label != chosen]
    rest = min((1 - score) / len(others), score) if others else 0.0
    others_share: Items = [
        {"label": label, "score": round(rest, 4), "offered": False} for label in others
    ]
    return [{"label": chosen, "score": score, "offered": True}, *others_share]


def _several(answer: Mapping[str, Any], ids: Mapping[str, int]) -> Items:
    """Labels that were not chosen have a score of 0: nothing was said of them."""
    scores: dict[int, float] = {}
    for given in _list(answer.get("labels"), "labels"):
        if not isinstance(given, dict):
            raise Refused("Each of its labels must be an object with a label and a confidence.")
        label = _label(given, ids)
        if label in scores:
            raise Refused("It chose a label twice.")
        scores[label] = _confidence(given)
    best_first = sorted(ids.values(), key=lambda label: -scores.get(label, -1.0))
    return [
        {"label": label, "score": scores.get(label, 0.0), "offered": label in scores}
        for label in best_first
    ]


def _span(given: Any, ids: Mapping[str, int], texts: Texts) -> SuggestedItem:
    if not isinstance(given, dict):
        raise Refused("Each of its spans must be an object.")
    field, quote, occurrence = given.get("field"), given.get("quote"), given.get("occurrence")
    if field is None and len(texts) == 1:
        [field] = texts
    if not isinstance(field, str) or field not in texts:
        raise Refused(f"There is no text named {shown(str(field))}.")
    if not isinstance(quote, str) or not quote.strip():
        raise Refused("It marked a part without quoting it.")
    if not isinstance(occurrence, int) or isinstance(occurrence, bool):
        raise Refused(f"It does not say which {shown(quote)} it means.")
    start = place_of_quote(texts[field], quote, occurrence)
    return {
        "label": _label(given, ids),
        "score": _confidence(given),
        "offered": True,
        "field": field,
        "start": start,
        "end": start + len(quote),
    }


def place_of_quote(text: str, quote: str, occurrence: int) -> int:
    """Where the quote begins (code points); `occurrence`: among the places where it stands as
    whole words, or where there is none, among all. Raises Refused.
    """
    every = []
    start = text.find(quote)
    while start >= 0:
        every.append(start)
        start = text.find(quote, start + 1)
    begins, ends = _edges(text)
    whole = [one for one in every if one in begins and one + len(quote) in ends]
    found = whole or every
    if not 1 <= occurrence <= len(found):
        times = f"{len(found)} time{'' if len(found) == 1 else 's'}" if found else "nowhere"
        raise Refused(f"It quoted {shown(quote)}, number {occurrence}; the text has it {times}.")
    return found[occurrence - 1]


@lru_cache(maxsize=16)
def _edges(text: str) -> tuple[frozenset[int], frozenset[int]]:
    """Where words begin and where they end."""
    places = word_places(text)
    return frozenset(places[:, 0].tolist()), frozenset(places[:, 1].tolist())


def in_order(items: Items, texts: Texts, *, overlapping: bool) -> Items:
    """Spans field by field, as in the text. Raises Refused."""
    if len(items) > MOST_SPANS:
        raise Refused(f"It marked more than {MOST_SPANS} parts.")
    fields = list(texts)
    ordered = sorted(
        items,
        key=lambda item: (fields.index(item["field"]), item["start"], item["end"], item["label"]),
    )
    for item in items:
        span = Span(item["field"], item["start"], item["end"], item["label"])
        if cuts_a_character(span, texts):
            raise Refused(f"It cut a character of {shown(quote_of(span, texts))} in two.")
    for before, after in pairwise(ordered):
        same_field = before["field"] == after["field"]
        if same_field and not overlapping and after["start"] < before["end"]:
            raise Refused("Two of its spans overlap, which this question does not allow.")
        if {**before, "score": 0} == {**after, "score": 0}:
            raise Refused("It marked the same part twice with the same label.")
    return ordered


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise Refused(f"Its answer has no list of {name}.")
    return value


def _label(given: Mapping[str, Any], ids: Mapping[str, int]) -> int:
    name = given.get("label")
    if not isinstance(name, str) or name not in ids:
        raise Refused(f"It answered {shown(str(name))}, which is no label of this question.")
    return ids[name]


def _confidence(given: Mapping[str, Any]) -> float:
    value = given.get("confidence")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Refused(f"Its confidence is {shown(str(value))}, and not a number from 0 to 1.")
    return round(float(value), 4)
