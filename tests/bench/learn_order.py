"""What the order of the queue is worth: uncertain first, telling first and random, paired by seed.

On kept vectors, with the product's head and the product's choice of what to ask next, ranked anew
after every batch of answers. Each seed splits a set anew into a pool and held-out texts, the same
for all orders, so that differences are taken seed by seed. Nothing was tuned on these sets: what
could be was chosen on clinc150 and on sib200 in German.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from inference.acquisition import choice_uncertainty, most_telling
from inference.choices import heads
from inference.choices.heads import Floats, Head
from tests.bench import learn_data
from tests.bench.learn_data import DATA, ChoiceSet
from tests.bench.report import Result, at_least, at_most, finish

SEEDS = 20
SIZES = (16, 64, 128, 256, 512)
GOAL_FROM = 64
BATCHES = ((128, 16), (256, 32), (512, 128))
"""Ranked anew after so many answers, up to so many: a longer stretch than the product's ten."""
POOL = 1000
HELD_OUT = 1500
POSITIVES = 0.1
POINTS = 1.0


@dataclass(frozen=True)
class Task:
    """Texts by their vectors (n, d) and classes (n,), and the labels' wordings (C, d)."""

    name: str
    vectors: Floats
    classes: np.ndarray
    wordings: Floats


@dataclass(frozen=True)
class Trial:
    """One split: texts to ask about, and texts to measure on; classes (n,) of both."""

    wordings: Floats
    pool: Floats
    answers: np.ndarray
    held_out: Floats
    truth: np.ndarray

    def fit(self, asked: list[int]) -> Head:
        return heads.fit(
            wordings=self.wordings,
            pool=self.pool,
            vectors=self.pool[asked],
            answers=[[int(column)] for column in self.answers[asked]],
            multiple=False,
        )


Score = Callable[[np.ndarray, np.ndarray], float]
Next = Callable[[Trial, list[int], int], list[int]]


def at_random(trial: Trial, asked: list[int], count: int) -> list[int]:
    """The pool was shuffled by its split."""
    return list(range(len(asked), len(asked) + count))


def uncertain(trial: Trial, asked: list[int], count: int) -> list[int]:
    return _telling(trial, asked, count, follow=True)


def diverse(trial: Trial, asked: list[int], count: int) -> list[int]:
    return _telling(trial, asked, count, follow=False)


def _telling(trial: Trial, asked: list[int], count: int, *, follow: bool) -> list[int]:
    left = np.setdiff1d(np.arange(len(trial.pool)), asked)
    rows, unsure = trial.pool[left], None
    if follow:
        unsure = choice_uncertainty(trial.fit(asked).probabilities(rows), multiple=False)
    picked = most_telling(rows, trial.pool[asked], count=count, uncertainty=unsure)
    return [int(left[row]) for row in picked]


def curve(trial: Trial, following: Next, score: Score) -> list[float]:
    """The score in per cent after each of `SIZES` answers."""
    asked: list[int] = []
    scores = []
    for size in SIZES:
        while len(asked) < size:
            batch = next(step for until, step in BATCHES if len(asked) < until)
            room = size - len(asked)
            # Only what follows the head changes with it.
            asked += following(trial, asked, min(batch, room) if following is uncertain else room)
        said = trial.fit(asked).probabilities(trial.held_out).argmax(axis=1)
        scores.append(100 * score(said, trial.truth))
    return scores


def curves(task: Task, following: Next, score: Score) -> np.ndarray:
    """(seeds, sizes)."""
    rows = []
    for seed in range(SEEDS):
        shuffled = np.random.default_rng(seed).permutation(len(task.vectors))
        cut = min(HELD_OUT, len(shuffled) // 3)
        held_out, pool = shuffled[:cut], shuffled[cut : cut + POOL]
        parts = [part for rows_of in (pool, held_out) for part in _rows(task, rows_of)]
        rows.append(curve(Trial(task.wordings, *parts), following, score))
    return np.array(rows)


def _rows(task: Task, rows: np.ndarray) -> tuple[Floats, np.ndarray]:
    return task.vectors[rows], task.classes[rows]


def accuracy(said: np.ndarray, truth: np.ndarray) -> float:
    return float((said == truth).mean())


def macro_f1(said: np.ndarray, truth: np.ndarray) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(truth, said, average="macro", zero_division=0))


def upper_bound(differences: np.ndarray) -> float:
    """The one-sided 95 % bound of the mean, by Student's t over the seeds."""
    spread = differences.std(ddof=1) / np.sqrt(len(differences))
    return float(differences.mean() + stats.t.ppf(0.95, len(differences) - 1) * spread)


def balanced(task: Task) -> Iterator[Result]:
    """Whether an order is ever worse than random, and by how much it is better."""
    random = curves(task, at_random, accuracy)
    for name, following in (("uncertain", uncertain), ("diverse", diverse)):
        ordered = curves(task, following, accuracy)
        for place, size in enumerate(SIZES):
            lost = random[:, place] - ordered[:, place]
            told = (
                f"{ordered[:, place].mean():.1f} % against {random[:, place].mean():.1f} % random"
            )
            metric = f"{task.name}, {name}, {size} answers: random is better by at most"
            if name == "uncertain" and size >= GOAL_FROM:
                yield at_most(metric, upper_bound(lost), "pts", POINTS, against=told)
            else:
                yield Result(metric, upper_bound(lost), "pts", against=told)


def imbalanced(task: Task) -> Iterator[Result]:
    """Whether half the answers do as much as random ones: macro F1 of a rare class and the rest."""
    random = curves(task, at_random, macro_f1)
    ordered = {"uncertain": uncertain, "diverse": diverse}
    scores = {name: curves(task, following, macro_f1) for name, following in ordered.items()}
    for half, whole in ((64, 128), (128, 256), (256, 512)):
        baseline = random[:, SIZES.index(whole)].mean()
        for name, values in scores.items():
            mine = values[:, SIZES.index(half)]
            spread = 1.96 * mine.std(ddof=1) / np.sqrt(SEEDS)
            told = f"± {spread:.1f}; random has {baseline:.1f} at {whole}"
            metric = f"{task.name}, {name}, {half} answers: macro F1"
            if name == "uncertain":
                yield at_least(metric, mine.mean(), "", round(baseline, 1), against=told)
            else:
                yield Result(metric, mine.mean(), "", against=told)


def whole(data: ChoiceSet) -> Task:
    vectors, wordings = learn_data.vectors_of(data.texts), learn_data.wordings_of(data)
    inside = data.classes >= 0
    return Task(data.name, vectors[inside], data.classes[inside], wordings)


def rare(data: ChoiceSet, name: str, labels: set[str]) -> Task:
    """Two classes: these labels, thinned to one text in ten, and all others."""
    task, dice = whole(data), np.random.default_rng(0)
    mine = [column for column, label in enumerate(data.labels) if label in labels]
    inside = np.isin(task.classes, mine)
    others = dice.permutation(np.flatnonzero(~inside))
    share = POSITIVES / (1 - POSITIVES)
    few = dice.permutation(np.flatnonzero(inside))[: int(len(others) * share)]
    rows = np.concatenate([few, others[: int(len(few) / share)]])
    classes = np.where(inside[rows], 0, 1)
    wordings = [heads.wording(one, "") for one in (name, "something else")]
    title = f"{data.name}, a tenth on {name}"
    return Task(title, task.vectors[rows], classes, learn_data.vectors_of(wordings))


def results() -> Iterator[Result]:
    # scikit-learn takes many labels with few answers each for a mistake.
    warnings.filterwarnings("ignore", message="The number of unique classes")
    sets = {"banking77": learn_data.banking77(), "sib200": learn_data.sib200()}
    for name, data in sets.items():
        if data is None:
            print(f"SKIPPED: orders on {name}, because there is no {DATA / name}")
        else:
            yield from balanced(whole(data))
    if sets["sib200"] is not None:
        yield from imbalanced(rare(sets["sib200"], "health", {"health"}))
    intents = learn_data.clinc150()
    if intents is None:
        print(f"SKIPPED: a rare domain, because there is no {DATA / 'clinc150'}")
        return
    domains = json.loads((DATA / "clinc150" / "domains.json").read_text(encoding="utf-8"))
    yield from imbalanced(rare(intents, "travel", set(domains["travel"])))


if __name__ == "__main__":
    sys.exit(finish("learn-order", list(results())))
