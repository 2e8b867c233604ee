"""Training on four fifths of the answers, a trial on the last, and all of them for what wins."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

from inference.spans import heads as span_heads
from inference.spans.tagger import Marked
from inference.tuning.choose import Trial, Verdict, is_held_out, judged
from inference.tuning.network import Network
from inference.tuning.train import Recipe, training

Answered = list[list[Marked]]
"""The texts of each answered document."""


class Step(NamedTuple):
    """How far it is, in words for people."""

    done: int
    total: int
    message: str


class Shape(NamedTuple):
    """What is trained, and how."""

    columns: int
    folder: Path
    recipe: Recipe


class NotEnough(Exception):
    """There is too little to learn from, or to try it on; for people to read."""


def learned(answered: Answered, shape: Shape) -> Generator[Step, None, tuple[Network, Verdict]]:
    """The network of four fifths, and how it did on the last; of all answers when it won there.

    Raises NotEnough.
    """
    taught, held_out = parted(answered)
    network = yield from _trained(taught, shape, "Learning from four fifths of the answers")
    verdict = tried(network, taught, held_out, shape)
    if verdict.wins:
        network = yield from _trained(answered, shape, "Learning from all answers")
    return network, verdict


def parted(answered: Answered) -> tuple[Answered, Answered]:
    """What to learn from, and what to try it on."""
    parts: tuple[Answered, Answered] = ([], [])
    for texts in answered:
        parts[is_held_out([one.text for one in texts])].append(texts)
    return parts


def _trained(answered: Answered, shape: Shape, message: str) -> Generator[Step, None, Network]:
    texts = [one for texts in answered for one in texts]
    if not any(one.marks for one in texts):
        raise NotEnough("Nothing is marked in the answers to learn from.")
    columns, folder, recipe = shape
    steps = training(texts, columns=columns, folder=folder, recipe=recipe)
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            network: Network = end.value
            return network
        yield Step(done, total, message)


def tried(network: Network, taught: Answered, held_out: Answered, shape: Shape) -> Verdict:
    """The live head of `taught` alone against the same with the network, on `held_out`."""
    head = span_heads.fit([one for texts in taught for one in texts], columns=shape.columns)
    trials = [Trial([read_by(network, one) for one in texts]) for texts in held_out]
    return judged(head, trials, seed=shape.recipe.seed)


def read_by(network: Network, one: Marked) -> Marked:
    return one._replace(words=one.words._replace(tuned=network.read(one.text)))
