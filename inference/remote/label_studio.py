"""A Label Studio ML backend, asked by its protocol: GET /health, POST /setup, POST /predict.

https://labelstud.io/guide/ml_create. A task is one text under the name "text", because backends
look for one; of spans each text of a document is a task of its own. We tell it nothing else: no
address of ours, no token, no ids.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from inference.predicting import Items
from inference.remote.answers import MOST_SPANS, Texts, in_order
from inference.remote.asking import Endpoint, Spent
from inference.remote.configuration import Asks, Configuration
from inference.remote.problems import NotTaken, Refused, Unusable
from labeling.exposures import SuggestedItem
from labeling.spans import shown

FROM, TO = "answer", "text"
PROJECT = "annotate"
NO_CONFIDENCE = 0.5
"""Where a backend says none, or one that is no probability."""


def label_config(names: list[str], asks: Asks) -> str:
    """The question as Label Studio words it (XML)."""
    view = Element("View")
    SubElement(view, "Text", name=TO, value=f"${TO}")
    if asks == "spans":
        tag = SubElement(view, "Labels", name=FROM, toName=TO)
    else:
        choice = "multiple" if asks == "several" else "single"
        tag = SubElement(view, "Choices", name=FROM, toName=TO, choice=choice)
    for name in names:
        SubElement(tag, "Label" if asks == "spans" else "Choice", value=name)
    return tostring(view, encoding="unicode")


@dataclass
class LabelStudioBackend:
    configuration: Configuration
    endpoint: Endpoint
    overlapping: bool
    ready: bool = field(default=False, init=False)
    lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def ask(self, texts: Texts, spent: Spent) -> Items:
        """Raises Refused, CallFailed and Unusable."""
        with self.lock:
            if not self.ready:
                self._set_up(spent)
        if self.configuration.asks != "spans":
            [prediction] = self._predict(["\n\n".join(texts.values())], spent)
            return self._choice(*prediction)
        written = {name: text for name, text in texts.items() if text.strip()}
        predictions = self._predict(list(written.values()), spent)
        items = [
            self._span(region, score, name, text)
            for (name, text), (regions, score) in zip(written.items(), predictions, strict=True)
            for region in regions
        ]
        return in_order(items, texts, overlapping=self.overlapping)

    def _set_up(self, spent: Spent) -> None:
        setup = {
            "project": PROJECT,
            "schema": self.configuration.prompt,
            "hostname": "",
            "access_token": "",
            "extra_params": None,
        }
        try:
            health = self.endpoint.ask("/health", None, spent)
            self.endpoint.ask("/setup", setup, spent)
        except NotTaken as why:
            raise Unusable(str(why)) from why
        if not isinstance(health, dict) or health.get("status") != "UP":
            raise Unusable(f"{self.endpoint.place.host} does not say that its model is up.")
        self.ready = True

    def _predict(self, texts: list[str], spent: Spent) -> list[tuple[list[Any], Any]]:
        """Of each text its regions and the score of all of them. Raises Refused."""
        request = {
            "tasks": [{"id": number, "data": {TO: text}} for number, text in enumerate(texts, 1)],
            "project": PROJECT,
            "label_config": self.configuration.prompt,
            "params": {"login": None, "password": None, "context": None},
        }
        reply = self.endpoint.ask("/predict", request, spent)
        results = reply.get("results") if isinstance(reply, dict) else None
        if not isinstance(results, list) or len(results) != len(texts):
            raise Refused("What came back holds no list of results, one for each text.")
        return [_prediction(result) for result in results]

    def _choice(self, regions: list[Any], score: Any) -> Items:
        """Labels that were not chosen have a score of 0: nothing was said of them."""
        scores: dict[int, float] = {}
        for region in regions:
            value = _value(region, "choices")
            for label in self._labels(value.get("choices")):
                scores[label] = _score(region.get("score"), score)
        if len(scores) > 1 and self.configuration.asks == "one":
            raise Refused("It chose several labels, and this question wants one.")
        if not scores:
            return []
        best_first = sorted(self.configuration.labels, key=lambda one: -scores.get(one, -1.0))
        return [
            {"label": label, "score": scores.get(label, 0.0), "offered": label in scores}
            for label in best_first
        ]

    def _span(self, region: Any, score: Any, name: str, text: str) -> SuggestedItem:
        value = _value(region, "labels")
        labels = self._labels(value.get("labels"))
        start, end = value.get("start"), value.get("end")
        if len(labels) != 1:
            raise Refused("Each part that it marks must have one label.")
        if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
            raise Refused(
                f"It marked {shown(f'{start} to {end}')} of a text of {len(text)} characters."
            )
        quote = value.get("text")
        if quote is not None and not _same(quote, text[start:end]):
            raise Refused(
                f"It marked {shown(str(quote))} where the text says {shown(text[start:end])}: it "
                "counts characters in another way, or read another text."
            )
        return {
            "label": labels[0],
            "score": _score(region.get("score"), score),
            "offered": True,
            "field": name,
            "start": start,
            "end": end,
        }

    def _labels(self, names: Any) -> list[int]:
        ids = self.configuration.ids
        if not isinstance(names, list):
            raise Refused("Its answer has no list of labels.")
        for name in names:
            if not isinstance(name, str) or name not in ids:
                raise Refused(
                    f"It answered {shown(str(name))}, which is no label of this question."
                )
        return [ids[name] for name in names]


def _prediction(result: Any) -> tuple[list[Any], Any]:
    """A task's prediction; where there are several, the first."""
    if isinstance(result, list):
        result = result[0] if result else {"result": []}
    match result:
        case {"result": list(regions)} if len(regions) <= MOST_SPANS:
            return regions, result.get("score")
        case _:
            raise Refused("What came back for a text is no prediction.")


def _value(region: Any, kind: str) -> dict[str, Any]:
    match region:
        case {"from_name": "answer", "to_name": "text", "type": str(found), "value": dict(value)}:
            if found == kind:
                return value
            raise Refused(f"It answered with {shown(found)} where {kind} are asked for.")
        case _:
            raise Refused(f"A part of its answer is not from “{FROM}” to “{TO}”.")


def _score(*values: Any) -> float:
    """The first that is a probability. A score of exactly 0 is what backends say for none."""
    for value in values:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1:
            return round(float(value), 4)
    return NO_CONFIDENCE


def _same(quote: Any, text: str) -> bool:
    """Backends write a line break as two characters, and several spaces as one."""
    return isinstance(quote, str) and (
        quote == text or quote.replace("\\n", "\n").split() == text.split()
    )
