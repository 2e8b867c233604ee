"""`make bench-spans`: what suggested spans are worth after so many answered sentences, and how
soon they come.

Exact spans only: field, begin, end and label must all be right, as seqeval counts. Answers come
from one part of each data set, the score from 500 sentences of another part, three draws each.
Beside it, on the same sentences: the tagger without the gazetteer, and the last layer alone.
Times are of the processor, so that others on the machine do not count.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from inference.batcher import Batcher
from inference.encoders.bert_engine import BertEngine
from inference.spans.bio import Mark
from inference.spans.heads import SpanHead, fit
from inference.spans.tagger import Marked
from inference.spans.words import Words, shapes, word_places
from tests.bench.report import ROOT, Result, at_least, at_most, finish

DATA = Path(os.environ.get("BENCH_DATA", ROOT.parent / "shared" / "data"))
SIZES = (20, 50, 100, 200, 500)
GOALS = dict(zip(SIZES, (12.7, 19.7, 38.4, 39.8, 48.0), strict=True))
HELD_OUT = 500
DRAWS = 3


@dataclass(frozen=True)
class Sentence:
    text: str
    spans: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class Read:
    """A sentence as the encoder reads it."""

    sentence: Sentence
    words: Words

    @property
    def last_layer(self) -> Words:
        """The words as the last layer alone gives them, without case and shapes."""
        width = self.words.states.shape[1] // 4
        states = self.words.states[:, -width:]
        return self.words._replace(states=states, shapes=np.zeros_like(self.words.shapes))


def main() -> int:
    engine = BertEngine()
    engine.start()
    engine.warm_up()
    results: list[Result] = []
    with ThreadPoolExecutor(1) as thread:
        batcher = Batcher(engine, thread)
        for name, load in (("uner_en_ewt", uner), ("wnut17", wnut)):
            if not (DATA / name).is_dir():
                print(f"SKIPPED: spans of {name}, because there is no {DATA / name}")
                continue
            results += learning(name, *load(DATA / name), batcher)
        results += japanese(DATA / "stockmark_ja_ner" / "ner.json", batcher)
    return finish("spans", results) if results else 0


def learning(
    name: str, train: list[Sentence], test: list[Sentence], batcher: Batcher
) -> Iterator[Result]:
    """Scores of the product's head and of the two lesser ones, by the number of answers."""
    dice = random.Random(7)
    draws = [dice.sample(train, max(SIZES)) for _ in range(DRAWS)]
    wanted = {*dice.sample(test, HELD_OUT), *(one for draw in draws for one in draw)}
    read = dict(zip(wanted, as_read(list(wanted), batcher), strict=True))
    held_out = [read[one] for one in wanted if one in set(test)]
    labels = sorted({label for one in train for *_, label in one.spans})
    for size in SIZES:
        runs = [trial([read[one] for one in draw[:size]], held_out, labels) for draw in draws]
        score, offered, bare, last, refit, suggest = (
            statistics.mean(values) for values in zip(*runs, strict=True)
        )
        metric = f"{name}, {size} answers: span F1"
        against = (
            f"tagger alone {bare:.1f}, last layer alone {last:.1f}, offered only {offered:.1f}"
        )
        if name == "uner_en_ewt":
            yield at_least(metric, score, "%", GOALS[size], against=against)
        else:
            yield at_least(metric, score, "%", round(last, 1), against=against)
        if size in {100, 500}:
            yield Result(f"{name}, {size} answers: refit", refit, "ms", against="processor time")
    per_word = 1 + sum(one.words.states.nbytes for one in held_out) // sum(
        len(one.words.places) for one in held_out
    )
    yield Result(f"{name}: kept for each word", per_word, "B")
    yield at_most(f"{name}: suggesting, words read before", suggest, "ms", 10)


def trial(
    answered: Sequence[Read], held_out: Sequence[Read], labels: Sequence[str]
) -> tuple[float, float, float, float, float, float]:
    """F1 of the head, of what it offers, of its tagger alone, of the last layer alone; the
    milliseconds of the fit and of one suggestion."""
    start = time.process_time()
    head = fit([marked(one, one.words, labels) for one in answered], columns=len(labels))
    refit = 1000 * (time.process_time() - start)
    start = time.process_time()
    found = [head.suggest(one.sentence.text, one.words) for one in held_out]
    suggest = 1000 * (time.process_time() - start) / len(held_out)
    least = fit([marked(one, one.last_layer, labels) for one in answered], columns=len(labels))
    if least.tagger:
        least = replace(least, tagger=replace(least.tagger, crf_weight=0.0))
    return (
        f1(held_out, labels, found),
        f1(held_out, labels, [[one for one in of if one.offered] for of in found]),
        f1(held_out, labels, tagged(head, held_out, lambda one: one.words)),
        f1(held_out, labels, tagged(least, held_out, lambda one: one.last_layer)),
        refit,
        suggest,
    )


def tagged(head: SpanHead, held_out: Sequence[Read], words: Callable[[Read], Words]) -> list[list]:
    """What the tagger says without the gazetteer, however unsure it is."""
    if head.tagger is None:
        return [[] for _ in held_out]
    return [
        [
            Mark(
                int(one.words.places[run.first, 0]),
                int(one.words.places[run.last - 1, 1]),
                run.column,
            )
            for run in head.tagger.runs(one.sentence.text, words(one))
        ]
        for one in held_out
    ]


def f1(held_out: Sequence[Read], labels: Sequence[str], found: Sequence[Iterable]) -> float:
    right = said = true = 0
    for one, spans in zip(held_out, found, strict=True):
        gold = set(one.sentence.spans)
        here = {(span.start, span.end, labels[span.column]) for span in spans}
        right, said, true = right + len(gold & here), said + len(here), true + len(gold)
    return 200 * right / (said + true) if said + true else 0.0


def marked(one: Read, words: Words, labels: Sequence[str]) -> Marked:
    marks = [Mark(start, end, labels.index(label)) for start, end, label in one.sentence.spans]
    return Marked(one.sentence.text, words, marks)


def as_read(sentences: Sequence[Sentence], batcher: Batcher) -> list[Read]:
    readings = batcher.read_all([one.text for one in sentences])
    return [
        Read(one, Words(places := word_places(one.text), reading.states, shapes(one.text, places)))
        for one, reading in zip(sentences, readings, strict=True)
    ]


def japanese(path: Path, batcher: Batcher) -> list[Result]:
    """The English encoder cannot read it: the tagger stays silent, the gazetteer works."""
    if not path.is_file():
        print(f"SKIPPED: Japanese spans, because there is no {path}")
        return []
    rows = json.loads(path.read_text(encoding="utf-8"))
    random.Random(7).shuffle(rows)
    every = [
        Sentence(row["text"], tuple((*of["span"], of["type"]) for of in row["entities"]))
        for row in rows[:1000]
    ]
    read = as_read(every, batcher)
    labels = sorted({label for one in every for *_, label in one.spans})
    head = fit([marked(one, one.words, labels) for one in read[:500]], columns=len(labels))
    found = [head.suggest(one.sentence.text, one.words) for one in read[500:]]
    unread = sum(not one.words.states.any() for one in read) / len(read)
    right = sum(
        (one.start, one.end, labels[one.column]) in of.sentence.spans
        for of, spans in zip(read[500:], found, strict=True)
        for one in spans
    )
    said = max(sum(map(len, found)), 1)
    name = "stockmark_ja_ner, 500 answers"
    return [
        Result(f"{name}: span F1", f1(read[500:], labels, found), "%", against="gazetteer and CRF"),
        Result(f"{name}: right of what was suggested", 100 * right / said, "%"),
        Result(f"{name}: sentences the encoder cannot read", 100 * unread, "%"),
    ]


def uner(folder: Path) -> tuple[list[Sentence], list[Sentence]]:
    dev, test = (list(conll(folder / f"en_ewt-ud-{part}.iob2", 1, 2)) for part in ("dev", "test"))
    return dev, test


def wnut(folder: Path) -> tuple[list[Sentence], list[Sentence]]:
    train, dev = (
        list(conll(folder / name, 0, 1)) for name in ("wnut17train.conll", "emerging.dev.conll")
    )
    return train, dev


def conll(path: Path, token: int, tag: int) -> Iterator[Sentence]:
    """Sentences in the spacing of their `# text` line; of tokens with single spaces without one."""
    text, rows = "", []
    for line in [*path.read_text(encoding="utf-8").split("\n"), ""]:
        if line.startswith("# text = "):
            text = line.removeprefix("# text = ")
        elif line.startswith("#") and "\t" not in line:
            continue
        elif line.strip():
            cells = line.split("\t")
            rows.append((cells[token], cells[tag]))
        elif rows:
            yield sentence(text or " ".join(word for word, _ in rows), rows)
            text, rows = "", []


def sentence(text: str, rows: Iterable[tuple[str, str]]) -> Sentence:
    spans: list[tuple[int, int, str]] = []
    at = 0
    inside = False
    for word, tag in rows:
        start = text.index(word, at)
        at = start + len(word)
        if tag.startswith("B-"):
            spans.append((start, at, tag[2:]))
        elif tag.startswith("I-") and inside:
            spans[-1] = (spans[-1][0], at, spans[-1][2])
        inside = tag != "O"
    return Sentence(text, tuple(spans))


if __name__ == "__main__":
    sys.exit(main())
