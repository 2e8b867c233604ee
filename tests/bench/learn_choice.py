"""What the head of choice questions is worth: accuracy as answers come in, honesty, abstaining.

The answers are drawn at random, five times, always the same; the texts that are scored are never
among those learned from, nor in the pool.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from sklearn.metrics import average_precision_score, f1_score

from inference.choices.heads import Floats, Head, fit
from tests.bench import learn_data
from tests.bench.learn_data import ChoiceSet
from tests.bench.report import Result, at_least, at_most, finish

SEEDS = range(5)
POOL = 4000
MOST_TESTED = 2000
MOST_EMOTIONS = 6000  # encoding costs minutes
SHARE_TESTED = 3  # a third of a small set
SOUGHT_OOS = 60
WITHHELD = 5
BINS = 15
FIT_MS = 300
GOALS: dict[str, dict[int, int | None]] = {
    "banking77": {0: 62, 64: 66, 128: 70, 512: 82},
    "sib200 eng_Latn": {0: 73, 64: 78, 128: 81},
    "clinc150": {0: None, 128: None, 512: None},
}


@dataclass(frozen=True)
class Draw:
    """One random division: texts to be tested on, and those to be answered, in order."""

    data: ChoiceSet
    vectors: Floats
    wordings: Floats
    tested: np.ndarray
    others: np.ndarray

    def head(self, answers: int) -> Head:
        taught = self.others[:answers]
        return fit(
            wordings=self.wordings,
            pool=self.vectors[self.others[:POOL]],
            vectors=self.vectors[taught],
            answers=[self.data.answers[row] for row in taught],
            multiple=self.data.multiple,
        )


def draws(data: ChoiceSet) -> Iterator[Draw]:
    """In-scope texts alone."""
    vectors, wordings = learn_data.vectors_of(data.texts), learn_data.wordings_of(data)
    scoped = np.flatnonzero(data.classes >= 0)
    tested = min(MOST_TESTED, len(scoped) // SHARE_TESTED)
    for seed in SEEDS:
        order = np.random.default_rng(seed).permutation(scoped)
        yield Draw(data, vectors, wordings, order[:tested], order[tested:])


def results() -> Iterator[Result]:
    sets = [learn_data.banking77(), learn_data.sib200(), learn_data.clinc150()]
    for name, data in zip(GOALS, sets, strict=True):
        if data is None:
            print(f"SKIPPED: no {name}")
            continue
        yield from single(data, GOALS[name])
    if (clinc := sets[-1]) is not None:
        yield from out_of_scope(clinc)
    if (emotions := learn_data.goemotions()) is None:
        print("SKIPPED: no goemotions")
    else:
        few = slice(MOST_EMOTIONS)
        yield from multiple(
            replace(emotions, texts=emotions.texts[few], answers=emotions.answers[few])
        )


def single(data: ChoiceSet, goals: dict[int, int | None]) -> Iterator[Result]:
    """Accuracy, macro F1, calibration error, and the time of the longest fit."""
    slowest = 0.0
    for answers, goal in goals.items():
        right, macro, error = [], [], []
        for draw in draws(data):
            draw.head(0)  # what is kept of a pool between fits
            began = time.process_time()
            head = draw.head(answers)
            slowest = max(slowest, 1000 * (time.process_time() - began))
            odds = head.probabilities(draw.vectors[draw.tested])
            truth, said = data.classes[draw.tested], odds.argmax(axis=1)
            right.append(100 * float((said == truth).mean()))
            macro.append(100 * float(f1_score(truth, said, average="macro")))
            error.append(calibration_error(odds.max(axis=1), said == truth))
        name = f"{data.name}, accuracy at {answers} answers"
        spread = f"± {half_width(right):.1f}; macro F1 {np.mean(macro):.1f}"
        if goal is None:
            yield Result(name, float(np.mean(right)), "%", against=spread)
        else:
            yield at_least(name, float(np.mean(right)), "%", goal, against=spread)
        yield Result(f"{data.name}, calibration error at {answers}", float(np.mean(error)), "pt")
    yield at_most(
        f"{data.name}, slowest fit", slowest, "ms", FIT_MS, against="processor time, one core"
    )


def out_of_scope(data: ChoiceSet) -> Iterator[Result]:
    """How many texts of no label are withheld, and how many of some label are so by mistake."""
    strange = learn_data.vectors_of(data.texts)[data.classes < 0]
    for answers in (0, 128, 512):
        caught, wrongly = [], []
        for draw in draws(data):
            head = draw.head(answers)
            caught.append(withheld(head, strange))
            wrongly.append(withheld(head, draw.vectors[draw.tested]))
        yield at_least(
            f"clinc150, out of scope withheld at {answers}",
            float(np.mean(caught)),
            "%",
            SOUGHT_OOS,
            against=f"± {half_width(caught):.1f}",
        )
        yield at_most(
            f"clinc150, wrongly withheld at {answers}",
            float(np.mean(wrongly)),
            "%",
            WITHHELD,
            against=f"± {half_width(wrongly):.1f}",
        )


def withheld(head: Head, vectors: Floats) -> float:
    """Per cent of texts of which the head says nothing."""
    return 100 * float(head.withholds(vectors).mean())


def multiple(data: ChoiceSet) -> Iterator[Result]:
    for answers in (0, 64, 256, 1024):
        ranked, offered = [], []
        for draw in draws(data):
            head = draw.head(answers)
            odds = head.probabilities(draw.vectors[draw.tested])
            truth = np.zeros_like(odds, dtype=bool)
            for row, place in enumerate(draw.tested):
                truth[row, list(data.answers[place])] = True
            ranked.append(100 * average_precision_score(truth, odds, average="micro"))
            offered.append(100 * f1_score(truth, odds >= head.offered, average="micro"))
        yield Result(
            f"goemotions, micro average precision at {answers}",
            float(np.mean(ranked)),
            "%",
            against=f"± {half_width(ranked):.1f}; F1 of what is offered {np.mean(offered):.1f}",
        )


def calibration_error(odds: Floats, right: np.ndarray) -> float:
    """Expected calibration error in points, over bins of equal width (Naeini et al. 2015)."""
    bins = np.minimum((odds * BINS).astype(int), BINS - 1)
    gaps = [
        (bins == place).mean() * abs(odds[bins == place].mean() - right[bins == place].mean())
        for place in np.unique(bins)
    ]
    return 100 * float(np.sum(gaps))


def half_width(values: list[float]) -> float:
    """Of a 95 % interval of the mean, by Student's t with four degrees of freedom."""
    return float(2.776 * np.std(values, ddof=1) / np.sqrt(len(values)))


if __name__ == "__main__":
    sys.exit(finish("learn-choice", list(results())))
