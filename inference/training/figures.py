"""How good logits are on answered rows: what early stopping looks at, and the temperature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from inference.choices.regression import Floats, sigmoid, softmax
from inference.spans import bio
from inference.spans.tagger import runs_in
from inference.training.lessons import Lessons
from inference.training.rows import IGNORED, Row

LEAST = 1e-9
HALF = 0.5
FEWEST_FOR_TEMPERATURE = 30
TEMPERATURES = np.exp(np.linspace(np.log(0.5), np.log(5), 47))


class Score(NamedTuple):
    """Accuracy of a single choice, else F1, micro or of exact spans; and the mean loss."""

    figure: float
    loss: float


def figure_name(lessons: Lessons) -> str:
    if lessons.task == "span":
        return "span_f1"
    return "micro_f1" if lessons.multiple else "accuracy"


def scored(logits: Sequence[Floats], rows: Sequence[Row], lessons: Lessons) -> Score:
    """Nothing to try it on is nothing won and nothing lost."""
    if not rows:
        return Score(0.0, 0.0)
    if lessons.task == "span":
        return _of_spans(logits, rows)
    made, right = np.stack(logits), np.stack([row.target for row in rows])
    loss = choice_loss(made, right, multiple=lessons.multiple)
    if not lessons.multiple:
        return Score(float((made.argmax(axis=1) == right.argmax(axis=1)).mean()), loss)
    said = made >= 0
    hits = float((said * right).sum())
    return Score(_f1(hits, float(said.sum()), float(right.sum())), loss)


def choice_loss(logits: Floats, right: Floats, *, multiple: bool) -> float:
    """(n, C) logits and zeros or ones."""
    if multiple:
        shares = sigmoid(logits)
        likely = np.where(right > 0, shares, 1 - shares)
    else:
        likely = (softmax(logits) * right).sum(axis=1)
    return float(-np.log(np.maximum(likely, LEAST)).mean())


def temperature(logits: Sequence[Floats], rows: Sequence[Row], lessons: Lessons) -> float:
    """What to divide logits by so that probabilities are honest (Guo et al. 2017); 1 for spans,
    and where there is too little to tell.
    """
    if lessons.task == "span" or len(rows) < FEWEST_FOR_TEMPERATURE:
        return 1.0
    made, right = np.stack(logits), np.stack([row.target for row in rows])
    losses = [
        choice_loss(made / np.float32(by), right, multiple=lessons.multiple) for by in TEMPERATURES
    ]
    return round(float(TEMPERATURES[int(np.argmin(losses))]), 3)


def _of_spans(logits: Sequence[Floats], rows: Sequence[Row]) -> Score:
    hits = said = true = words = 0
    cost = 0.0
    for made, row in zip(logits, rows, strict=True):
        taught = row.target != IGNORED
        shares, tags = softmax(made[taught]), row.target[taught]
        cost -= float(np.log(np.maximum(shares[np.arange(len(tags)), tags], LEAST)).sum())
        words += len(tags)
        marked = set(runs_of_tags(tags.tolist()))
        found = {(run.first, run.last, run.column) for run in runs_in(shares) if run.score >= HALF}
        hits, said, true = hits + len(found & marked), said + len(found), true + len(marked)
    return Score(_f1(hits, said, true), cost / max(words, 1))


def runs_of_tags(tags: Sequence[int]) -> list[tuple[int, int, int]]:
    """(first, last, column) of each span that the tags of `bio` begin; last is not in it."""
    runs: list[tuple[int, int, int]] = []
    for place, tag in enumerate(tags):
        if bio.goes_on(tag) and runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1, runs[-1][2])
        elif tag != bio.OUTSIDE:
            runs.append((place, place + 1, (tag - 1) // 2))
    return runs


def _f1(hits: float, said: float, true: float) -> float:
    return 2 * hits / max(said + true, 1)
