"""A short fine-tune of an encoder on answered texts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inference.spans import bio
from inference.spans.bio import Tags
from inference.spans.tagger import Marked
from inference.tuning.network import Network, Piece

IGNORED = -100
"""What torch's cross-entropy passes over."""
BUCKET = 8
"""Batches that are cut together from texts sorted by length, so that little is padding."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train; recorded with what comes of it."""

    seed: int = 13
    batch: int = 12
    learning_rate: float = 3e-4
    weight_decay: float = 0.01
    warm_up: float = 0.1
    fewest_steps: int = 80
    most_steps: int = 400
    most_plain: int = 4
    """Texts without spans for each that holds one."""

    def steps(self, lessons: int) -> int:
        """More for more texts, though fewer passes over each."""
        wanted = self.fewest_steps + round(0.4 * (lessons - 100))
        return min(max(wanted, self.fewest_steps), self.most_steps)


class Progress(NamedTuple):
    done: int
    total: int


class Lesson(NamedTuple):
    """A window of an answered text, with the tag of each word it teaches, IGNORED elsewhere."""

    piece: Piece
    tags: Tags


def training(
    texts: Sequence[Marked], *, columns: int, folder: Path, recipe: Recipe
) -> Generator[Progress, None, Network]:
    """Tune the encoder in `folder` on these texts, one step at a time; returns the network.

    The same comes of the same texts, whatever else torch does between two steps. Words that the
    encoder cannot read, and those that people disagreed on, are passed over. Raises ValueError
    when nothing is marked.
    """
    import torch

    network = Network.load(folder, tags=bio.tag_count(columns), seed=recipe.seed)
    lessons = _fair(list(_lessons(texts, network)), recipe)
    steps = recipe.steps(len(lessons))
    optimizer = torch.optim.AdamW(
        network.trained(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _slope(steps, recipe.warm_up))
    order = _batches([len(one.piece.ids) for one in lessons], recipe)
    for step in range(steps):
        with torch.random.fork_rng(devices=[]):  # for what the encoder drops out
            torch.manual_seed(recipe.seed * (recipe.most_steps + 1) + step)
            _step(network, [lessons[row] for row in next(order)], optimizer)
        schedule.step()
        yield Progress(step + 1, steps)
    network.encoder.eval()
    return network


def _step(network: Network, batch: Sequence[Lesson], optimizer: Any) -> None:
    import torch

    network.encoder.train()
    tags = torch.from_numpy(np.concatenate([one.tags for one in batch]))
    loss = torch.nn.functional.cross_entropy(
        network.logits([one.piece for one in batch]), tags, ignore_index=IGNORED
    )
    if not torch.isfinite(loss):  # a batch with nothing to learn from
        return
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(network.trained(), 1.0)
    optimizer.step()


def _slope(steps: int, warm_up: float) -> Callable[[int], float]:
    """The share of the learning rate at each step: up, then down to nothing, in two lines."""
    rising = max(1, round(steps * warm_up))
    return lambda step: min((step + 1) / rising, (steps - step) / max(1, steps - rising))


def _lessons(texts: Sequence[Marked], network: Network) -> Iterator[Lesson]:
    for one in texts:
        places = one.words.places
        tags = bio.tags_of(bio.runs_of(one.marks, places), len(places))
        unsure = bio.tags_of(bio.runs_of(one.unsure, places), len(places)) != bio.OUTSIDE
        tags[unsure & (tags == bio.OUTSIDE)] = IGNORED
        for window in network.windows(one.text):
            piece = network.piece(one.text[window.start : window.end])
            here = tags[window.base : window.base + len(piece.first)].copy()
            here[: window.first - window.base] = IGNORED
            here[window.last - window.base :] = IGNORED
            here[~piece.readable] = IGNORED
            if (here != IGNORED).any():
                yield Lesson(piece, here)


def _fair(lessons: Sequence[Lesson], recipe: Recipe) -> list[Lesson]:
    """All that hold a span, and so many of the others that they do not drown them."""
    marked = [one for one in lessons if (one.tags > bio.OUTSIDE).any()]
    if not marked:
        raise ValueError("Nothing is marked in these texts.")
    plain = [one for one in lessons if not (one.tags > bio.OUTSIDE).any()]
    room = min(len(plain), recipe.most_plain * len(marked))
    chosen = np.random.default_rng(recipe.seed).permutation(len(plain))[:room]
    return [*marked, *(plain[row] for row in sorted(chosen))]


def _batches(lengths: Sequence[int], recipe: Recipe) -> Iterator[list[int]]:
    """Places of lessons, pass after pass, those of a batch about equally long."""
    dice = np.random.default_rng(recipe.seed)
    while True:
        order = dice.permutation(len(lengths)).tolist()
        batches = []
        for start in range(0, len(order), recipe.batch * BUCKET):
            bucket = sorted(order[start : start + recipe.batch * BUCKET], key=lengths.__getitem__)
            batches += [
                bucket[first : first + recipe.batch]
                for first in range(0, len(bucket), recipe.batch)
            ]
        for place in dice.permutation(len(batches)).tolist():
            yield batches[place]
