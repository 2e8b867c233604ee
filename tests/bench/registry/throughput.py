"""The part of `bench-registry` on speed: our training against a bare transformers loop with the
same texts in the same batches, turn by turn in one run.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator

from inference.training.course import Course
from inference.training.device import computing
from inference.training.lessons import Example
from inference.training.settings import TrainingSettings
from tests.bench.learn_data import DATA
from tests.bench.registry.data import banking77, course_of, lessons_of, started
from tests.bench.report import Result, at_least, finish

ROWS = 2000
STEPS = 10
TURNS = 6


def results() -> Iterator[Result]:
    folder = DATA / "banking77"
    if not folder.is_dir():
        print(f"SKIPPED: throughput, because there is no {folder}")
        return
    train, _ = banking77(folder)
    train = train[::5][:ROWS]
    labels = sorted({category for _, category in train})
    examples = [Example(text, (labels.index(category),)) for text, category in train]
    course = course_of(lessons_of("choice", labels, examples), TrainingSettings())
    texts = [one.text for one in course.network.lessons.train]
    targets = [one.columns[0] for one in course.network.lessons.train]
    bare = Bare(len(labels), course.network.settings)
    ours, theirs = [], []
    for turn in range(TURNS + 1):
        batches = course._batches(0)[course.step : course.step + STEPS]
        mine = timed(course)
        other = bare.timed([([texts[row] for row in of], [targets[row] for row in of])
                            for of in batches])  # fmt: skip
        if turn:  # the first is for warming up
            ours.append(mine)
            theirs.append(other)
    ratio = 100 * statistics.median(t / o for o, t in zip(ours, theirs, strict=True))
    rate = course.network.settings.batch * STEPS / statistics.median(ours)
    against = f"{rate:.0f} texts a second; median of {TURNS} turns of {STEPS} steps"
    yield at_least("training: speed, of a bare loop's", ratio, "%", 80, against=against)


def timed(course: Course) -> float:
    start = time.monotonic()
    for _ in range(STEPS):
        course.advance()
    return time.monotonic() - start


class Bare:
    """What a tutorial shows: tokenizer, model, AdamW."""

    def __init__(self, labels: int, settings: TrainingSettings) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        folder = started().folder
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=labels)
        self.model.train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=settings.learning_rate)
        self.precision = settings.precision

    def timed(self, batches: list[tuple[list[str], list[int]]]) -> float:
        import torch

        start = time.monotonic()
        for texts, targets in batches:
            read = self.tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
            with computing(torch.device("cpu"), self.precision):
                loss = self.model(**read, labels=torch.tensor(targets)).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad()
        return time.monotonic() - start


if __name__ == "__main__":
    sys.exit(finish("registry-throughput", list(results())))
