"""The part of `bench-registry` on choices: a fine-tuned encoder against logistic regression on the
frozen one's vectors, taught by the same rows of BANKING77's train part, on its whole test part.

As in a project, texts without an answer are there as well: of the train part those that no row
was drawn from. Few rows are learned all at once, which is what a training ends with; the course
before it, on nine tenths, only tells how many passes are best.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from inference.training.job import is_taught_again
from inference.training.lessons import Example
from inference.training.rows import Row
from inference.training.settings import TrainingSettings
from inference.training.unlabelled import MOST
from tests.bench.learn_data import DATA, vectors_of
from tests.bench.registry.data import Pairs, banking77, lessons_of, trained
from tests.bench.report import Result, at_least, at_most, finish

FEW = 1000
SEEDS_OF_FEW = (0, 1, 2)
MINUTES = 30.0


def results() -> Iterator[Result]:
    folder = DATA / "banking77"
    if not folder.is_dir():
        print(f"SKIPPED: choices, because there is no {folder}")
        return
    train, test = banking77(folder)
    gains = []
    for seed in SEEDS_OF_FEW:
        drawn = random.Random(seed).sample(train, len(train))
        few, rest = drawn[:FEW], [text for text, _ in drawn[FEW:]]
        tuned, frozen, _ = both(few, test, seed, rest)
        gains.append((tuned - frozen, tuned, frozen))
    gain, tuned, frozen = np.mean(gains, axis=0)
    each = ", ".join(f"{one:+.1f}" for one, *_ in gains)
    metric = f"banking77, {FEW} rows: fine-tuned above regression on frozen vectors"
    against = f"{tuned:.1f} against {frozen:.1f}; draws {each}"
    yield at_least(metric, gain, "pt", 2, against=against)
    tuned, frozen, seconds = both(train, test, 13)
    metric = f"banking77, all {len(train)} rows: fine-tuned above regression on frozen vectors"
    yield at_least(metric, tuned - frozen, "pt", 0.5, against=f"{tuned:.1f} against {frozen:.1f}")
    yield at_most(f"banking77, all {len(train)} rows: training", seconds / 60, "min", MINUTES)


def both(
    train: Pairs, test: Pairs, seed: int, unlabelled: Sequence[str] = ()
) -> tuple[float, float, float]:
    """Accuracy in % of the fine-tuned model, of the regression, and the seconds of training."""
    labels = sorted({category for _, category in train})
    columns = {label: column for column, label in enumerate(labels)}
    right = [columns.get(category, -1) for _, category in test]
    examples = [Example(text, (columns[category],)) for text, category in train]
    begun = time.monotonic()
    lessons = lessons_of("choice", labels, examples)
    if is_taught_again(lessons):
        lessons = lessons.whole()
    course = trained(lessons, TrainingSettings(seed=seed), unlabelled[:MOST])
    seconds = time.monotonic() - begun
    network = course.network
    rows = [
        Row(parts, np.zeros(len(labels), dtype=np.float32))
        for parts in network.pieces.parts([text for text, _ in test])
    ]
    said = [int(of.argmax()) for of in network.logits(rows)]
    return share(said, right), share(regression(train, test, columns), right), seconds


def regression(train: Pairs, test: Pairs, columns: dict[str, int]) -> Sequence[int]:
    """As good as it gets without moving the encoder: C = 10, on vectors of length one."""
    model = LogisticRegression(C=10, max_iter=1000)
    model.fit(vectors_of([text for text, _ in train]), [columns[of] for _, of in train])
    return model.predict(vectors_of([text for text, _ in test])).tolist()


def share(said: Sequence[int], right: Sequence[int]) -> float:
    return 100 * sum(a == b for a, b in zip(said, right, strict=True)) / len(right)


if __name__ == "__main__":
    sys.exit(finish("registry-choice", list(results())))
