"""The part of `bench-learn` on the minutes tier: span F1 once the encoder has been tuned in the
background, on the sentences and with the seeds of `learn_spans`.

It goes through what the job does: four fifths of the answers, a trial on the last fifth against the
live head, all answers if it won there, and then that beside the live head, as people are served.
Two seeds at 500 answers and one at 100, because each costs minutes of a core.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from inference.encoders.bert_engine import BertEngine
from inference.spans.heads import Marked, fit
from inference.tuning.choose import Verdict
from inference.tuning.network import Network
from inference.tuning.train import Recipe
from inference.tuning.trial import Shape, learned
from tests.bench import bench_spans
from tests.bench.bench_spans import DATA, Read, f1, marked
from tests.bench.learn_data import _engine
from tests.bench.learn_spans import HELD_OUT, POOL, as_read, score
from tests.bench.report import Result, at_least, finish

SEEDS = {500: (0, 1), 100: (0,)}
GOAL = 58.0


def results() -> Iterator[Result]:
    folder = DATA / "uner_en_ewt"
    if not folder.is_dir():
        print(f"SKIPPED: the tuned encoder, because there is no {folder}")
        return
    parts = bench_spans.uner(folder)
    dice = random.Random(7)
    pool = as_read(dice.sample(parts[0], min(POOL, len(parts[0]))))
    held_out = as_read(dice.sample(parts[1], HELD_OUT))
    labels = sorted({label for one in pool for *_, label in one.sentence.spans})
    for size, seeds in SEEDS.items():
        orders = [random.Random(seed).sample(pool, len(pool))[:size] for seed in seeds]
        yield from outcome(size, [trial(order, held_out, labels) for order in orders])


def outcome(size: int, trials: Sequence[tuple[float, float, Verdict, float]]) -> Iterator[Result]:
    served, live, verdicts, seconds = zip(*trials, strict=True)
    metric = f"uner_en_ewt, {size} answers: span F1 served in minutes"
    each = ", ".join(f"{value:.1f}" for value in served)
    against = f"live head alone {statistics.mean(live):.1f}; seeds {each}"
    if size == max(SEEDS):
        yield at_least(metric, statistics.mean(served), "%", GOAL, against=against)
    else:
        yield Result(metric, statistics.mean(served), "%", against=against)
    won = sum(verdict.wins for verdict in verdicts)
    tried = "; ".join(
        f"held out {one.documents} with {one.spans} spans: {one.live:.1f} to {one.mixed:.1f}, "
        f"weight {one.share.weight:g}"
        for one in verdicts
    )
    yield Result(f"uner_en_ewt, {size} answers: won its trial", won, "", against=tried)
    metric = f"uner_en_ewt, {size} answers: both trainings and the trial"
    yield Result(metric, statistics.mean(seconds) / 60, "min", against="processor time")


def trial(
    answered: Sequence[Read], held_out: Sequence[Read], labels: Sequence[str]
) -> tuple[float, float, Verdict, float]:
    """F1 as served and of the live head alone, what the job found, and its seconds."""
    texts = [marked(one, one.words, labels) for one in answered]
    start = time.process_time()
    network, verdict = tuned(texts, len(labels))
    seconds = time.process_time() - start
    head = fit(texts, columns=len(labels))
    live = score(head, held_out, labels)
    if not verdict.wins:
        return live, live, verdict, seconds
    mixed = replace(head, tuned=verdict.share)
    found = [
        mixed.suggest(text, one.words._replace(tuned=network.read(text)))
        for one in held_out
        if (text := one.sentence.text)
    ]
    return f1(held_out, labels, found), live, verdict, seconds


def tuned(texts: Sequence[Marked], columns: int) -> tuple[Network, Verdict]:
    engine = _engine()
    assert isinstance(engine, BertEngine)
    steps = learned([[one] for one in texts], Shape(columns, engine.folder, Recipe()))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            network, verdict = end.value
            return network, verdict


if __name__ == "__main__":
    sys.exit(finish("learn-tuned", list(results())))
