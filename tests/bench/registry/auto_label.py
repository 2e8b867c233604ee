"""The part of `bench-registry` on labelling the rest: whether the bound holds, and how much of the
pool it lets a model label.

A run as the product makes one, on kept vectors: people answer what the model is unsure of, in
batches, and the product's head learns from it; it is frozen; a calibration sample is drawn
uniformly from what remains, and selection is made among the others. Fifty runs, each with another
order of the pool and another draw.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from inference.acquisition import choice_uncertainty, most_telling
from inference.autolabel.selection import NEVER, Calibration, Doubles, Mask, select
from inference.choices import heads
from inference.choices.heads import Floats, Head
from tests.bench import learn_data
from tests.bench.learn_data import DATA, ChoiceSet
from tests.bench.report import Result, at_least, at_most, finish

RUNS = 50
TARGETS = (0.1, 0.05)
BATCHES = ((64, 16), (100, 36), (500, 100))
"""So many answers at a time, up to so many; the product ranks anew after ten."""
SAMPLE = 1000
"""What the model ranks and learns the crowd from, as in the product."""
GOAL_COVERAGE, GOAL_EMPTY = 40.0, 20.0


class Split(NamedTuple):
    """Of a set's human answers: to learn from, and to calibrate with."""

    learning: int
    calibration: int


class Outcome(NamedTuple):
    """Of one run: the share wrong among the selected (0 of none), and the share selected."""

    error: float
    coverage: float


class Task(NamedTuple):
    """A set with the vectors of its texts (n, d), and the labels' wordings (C, d)."""

    data: ChoiceSet
    vectors: Floats
    wordings: Floats


def learned(task: Task, answers: int, draw: np.random.Generator) -> tuple[Head, list[int]]:
    """The head that learned from so many answers, and their rows."""
    data, vectors, wordings = task
    order = draw.permutation(len(vectors))
    asked: list[int] = []
    while True:
        pool = vectors[np.concatenate([np.array(asked, dtype=int), order[:SAMPLE]])]
        head = heads.fit(
            wordings=wordings,
            pool=pool,
            vectors=vectors[asked],
            answers=[data.answers[row] for row in asked],
            multiple=False,
        )
        if len(asked) == answers:
            return head, asked
        step = next(step for until, step in BATCHES if len(asked) < until)
        left = np.setdiff1d(draw.permutation(len(vectors))[: SAMPLE + len(asked)], asked)
        unsure = choice_uncertainty(head.probabilities(vectors[left]), multiple=False)
        picked = most_telling(
            vectors[left],
            vectors[asked],
            count=min(step, answers - len(asked)),
            uncertainty=unsure,
        )
        asked += [int(left[row]) for row in picked]


def judged(head: Head, task: Task) -> tuple[Doubles, Mask]:
    """(n,) how sure the head is of its first label, and whether that is wrong."""
    shares = head.probabilities(task.vectors)
    # Rounded as suggestions are.
    scores = np.where(head.withholds(task.vectors), NEVER, np.round(shares.max(axis=1), 4))
    return scores.astype(np.float64), shares.argmax(axis=1) != task.data.classes


def outcomes(task: Task, split: Split, seed: int) -> list[Outcome]:
    """One run, at each of the targets."""
    draw = np.random.default_rng(seed)
    head, asked = learned(task, split.learning, draw)
    scores, wrong = judged(head, task)
    remaining = draw.permutation(np.setdiff1d(np.arange(len(scores)), asked))
    sample, rest = remaining[: split.calibration], remaining[split.calibration :]
    told = Calibration(scores[sample], wrong[sample])
    found = []
    for target in TARGETS:
        chosen = select(scores[rest], told, target).selected
        error = float(wrong[rest][chosen].mean()) if chosen.any() else 0.0
        found.append(Outcome(error, float(chosen.mean())))
    return found


def told_of(name: str, target: float, found: np.ndarray, *, is_aim: bool) -> Iterator[Result]:
    """`found` (runs, 2): error and coverage."""
    error, coverage = 100 * found[:, 0], 100 * found[:, 1]
    some = coverage > 0
    spread = 2 * error.std(ddof=1) / np.sqrt(len(error))
    title = f"{name}, at {100 * target:.0f} %:"
    yield at_most(
        f"{title} mean realised error",
        error.mean(),
        "%",
        round(float(100 * target + spread), 2),
        against=f"the target plus two standard errors ({spread / 2:.2f} each), {len(error)} runs",
    )
    empty = 100 * (1 - some.mean())
    if is_aim:
        yield at_least(f"{title} of the pool labelled", coverage.mean(), "%", GOAL_COVERAGE)
        yield at_most(f"{title} runs that select nothing", empty, "%", GOAL_EMPTY)
    else:
        yield Result(f"{title} of the pool labelled", float(coverage.mean()), "%")
        yield Result(f"{title} runs that select nothing", float(empty), "%")
    given = float(error[some].mean()) if some.any() else 0.0
    yield Result(f"{title} error where something is selected", given, "%")
    above = 100 * (error > 200 * target).mean()
    yield Result(f"{title} runs above twice the target", float(above), "%")


def results() -> Iterator[Result]:
    sets = (
        ("sib200", learn_data.sib200, Split(150, 150)),
        ("banking77", learn_data.banking77, Split(500, 200)),
    )
    for name, read, split in sets:
        data = read()
        if data is None:
            print(f"SKIPPED: labelling the rest of {name}, because there is no {DATA / name}")
            continue
        task = Task(data, learn_data.vectors_of(data.texts), learn_data.wordings_of(data))
        runs = np.array([outcomes(task, split, seed) for seed in range(RUNS)])
        answers = f"{name}, {split.learning} + {split.calibration} answers"
        for place, target in enumerate(TARGETS):
            is_aim = name == "sib200" and target == max(TARGETS)
            yield from told_of(answers, target, runs[:, place], is_aim=is_aim)


if __name__ == "__main__":
    sys.exit(finish("registry-auto-label", list(results())))
