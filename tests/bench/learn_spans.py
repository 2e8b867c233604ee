"""The part of `bench-learn` on spans: exact F1 on held-out sentences after so many answers drawn at
random, and after the same number of the sentences that the head asks for first.

Five seeds; of a pair both are scored on the same sentences and begin with the same twenty. What the
encoder makes of the sentences is kept in build/bench/ by the hash of the texts.
"""

from __future__ import annotations

import hashlib
import json
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from inference.batcher import Batcher
from inference.spans.heads import SpanHead, fit
from inference.spans.words import Words, shapes, word_places
from tests.bench import bench_spans
from tests.bench.bench_spans import DATA, Read, Sentence, f1, marked
from tests.bench.learn_data import KEPT, _engine
from tests.bench.report import Result, at_least, at_most, finish

SEEDS = range(5)
GOALS = {100: 38.0, 500: 50.0}
HELD_OUT = 500
POOL = 1000
FIRST = 20
BATCH = 20
T_OF_FIVE = 2.776
"""Student's t at 97.5 % with four degrees of freedom."""


def results() -> Iterator[Result]:
    for name, load, asks in (
        ("uner_en_ewt", bench_spans.uner, True),
        ("wnut17", bench_spans.wnut, True),
        ("stockmark_ja_ner", stockmark, False),
    ):
        if (DATA / name).is_dir():
            yield from learning(name, load(DATA / name), asks=asks)
        else:
            print(f"SKIPPED: spans of {name}, because there is no {DATA / name}")


def learning(
    name: str, parts: tuple[list[Sentence], list[Sentence]], *, asks: bool
) -> Iterator[Result]:
    dice = random.Random(7)
    pool = as_read(dice.sample(parts[0], min(POOL, len(parts[0]))))
    held_out = as_read(dice.sample(parts[1], HELD_OUT))
    labels = sorted({label for one in pool for *_, label in one.sentence.spans})
    orders = [random.Random(seed).sample(pool, len(pool)) for seed in SEEDS]
    at_random: list[float] = []
    for size in (100, 500):
        heads, seconds = zip(*(timed(order[:size], labels) for order in orders), strict=True)
        scores = [score(head, held_out, labels) for head in heads]
        at_random = at_random or scores
        metric = f"{name}, {size} answers at random: span F1"
        if name == "uner_en_ewt":
            yield at_least(metric, statistics.mean(scores), "%", GOALS[size], against=band(scores))
            metric = f"{name}, {size} answers: refit, processor time"
            allowed = {100: 0.6, 500: 1.5}[size]
            yield at_most(metric, statistics.median(seconds), "s", allowed)
        else:
            yield Result(metric, statistics.mean(scores), "%", against=band(scores))
        weights = [head.tagger.crf_weight for head in heads if head.tagger]
        yield Result(f"{name}, {size} answers: weight of the CRF", statistics.mean(weights), "")
    if asks:
        yield from asked_first(name, (orders, held_out, labels), at_random)


def asked_first(
    name: str, data: tuple[list[list[Read]], list[Read], list[str]], at_random: Sequence[float]
) -> Iterator[Result]:
    """The head's own order against the random one, from the same first sentences."""
    orders, held_out, labels = data
    chosen = [asked(order, labels, 100) for order in orders]
    scores = [score(head_of(one, labels), held_out, labels) for one in chosen]
    gains = [mine - theirs for mine, theirs in zip(scores, at_random, strict=True)]
    metric = f"{name}, 100 answers, telling sentences first: span F1"
    yield Result(metric, statistics.mean(scores), "%", against=band(scores))
    metric = f"{name}, 100 answers: telling first, above random"
    if name == "uner_en_ewt":
        yield at_least(metric, statistics.mean(gains), "pt", 5, against=band(gains))
    else:
        yield Result(metric, statistics.mean(gains), "pt", against=band(gains))
    words = [sum(len(one.words.places) for one in of) for of in chosen]
    usual = [sum(len(one.words.places) for one in order[:100]) for order in orders]
    longer = 100 * (sum(words) / sum(usual) - 1)
    yield Result(f"{name}, 100 answers: telling first, more to read", longer, "%")


def asked(order: Sequence[Read], labels: Sequence[str], size: int) -> list[Read]:
    """The first sentences at random, then in batches what the head is least sure of."""
    chosen, rest = list(order[:FIRST]), list(order[FIRST:])
    while len(chosen) < size:
        head = head_of(chosen, labels)
        rest.sort(key=lambda one: -head.uncertainty(one.sentence.text, one.words))
        chosen, rest = chosen + rest[:BATCH], rest[BATCH:]
    return chosen


def timed(answered: Sequence[Read], labels: Sequence[str]) -> tuple[SpanHead, float]:
    start = time.process_time()
    head = head_of(answered, labels)
    return head, time.process_time() - start


def head_of(answered: Sequence[Read], labels: Sequence[str]) -> SpanHead:
    return fit([marked(one, one.words, labels) for one in answered], columns=len(labels))


def score(head: SpanHead, held_out: Sequence[Read], labels: Sequence[str]) -> float:
    found = [head.suggest(one.sentence.text, one.words) for one in held_out]
    return f1(held_out, labels, found)


def band(values: Sequence[float]) -> str:
    half = T_OF_FIVE * statistics.stdev(values) / len(values) ** 0.5
    return f"± {half:.1f} (95 %), seeds {', '.join(f'{value:.1f}' for value in values)}"


def stockmark(folder: Path) -> tuple[list[Sentence], list[Sentence]]:
    """The English encoder cannot read it: gazetteer and CRF are all there is."""
    rows = json.loads((folder / "ner.json").read_text(encoding="utf-8"))
    random.Random(7).shuffle(rows)
    every = [
        Sentence(row["text"], tuple((*of["span"], of["type"]) for of in row["entities"]))
        for row in rows
    ]
    return every[:POOL], every[POOL : POOL + HELD_OUT]


def as_read(sentences: Sequence[Sentence]) -> list[Read]:
    key = hashlib.sha256("\0".join(one.text for one in sentences).encode()).hexdigest()[:16]
    path = KEPT / f"words-{key}.npy"
    if not path.is_file():
        KEPT.mkdir(parents=True, exist_ok=True)
        readings = _batcher().read_all([one.text for one in sentences])
        np.save(path, np.vstack([reading.states for reading in readings]), allow_pickle=False)
    states, read, at = np.load(path, allow_pickle=False), [], 0
    for one in sentences:
        places = word_places(one.text)
        own, at = states[at : at + len(places)], at + len(places)
        read.append(Read(one, Words(places, own, shapes(one.text, places))))
    return read


@cache
def _batcher() -> Batcher:
    from concurrent.futures import ThreadPoolExecutor

    return Batcher(_engine(), ThreadPoolExecutor(1))


if __name__ == "__main__":
    sys.exit(finish("learn-spans", list(results())))
