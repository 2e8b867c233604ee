"""The part of `bench-registry` on spans: a fine-tuned tagger against the live head, taught by the
same sentences of wnut17's train part, on its dev part.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from inference.spans.bio import Mark
from inference.spans.heads import fit
from inference.spans.tagger import runs_in
from inference.spans.words import word_places
from inference.training.classifier import Classifier
from inference.training.course import Course
from inference.training.lessons import Example
from inference.training.settings import TrainingSettings
from tests.bench import bench_spans
from tests.bench.bench_spans import DATA, Read, Sentence, f1, marked
from tests.bench.learn_spans import as_read, score
from tests.bench.registry.data import lessons_of, trained
from tests.bench.report import Result, at_least, finish

OFFERED = 0.5
MOST_WORDS = 20_000
"""That live heads learn from, the newest; the product's own limit."""


def results() -> Iterator[Result]:
    folder = DATA / "wnut17"
    if not folder.is_dir():
        print(f"SKIPPED: spans, because there is no {folder}")
        return
    train, dev = bench_spans.wnut(folder)
    labels = sorted({label for one in train for *_, label in one.spans})
    held_out = as_read(dev)
    course = trained(
        lessons_of("span", labels, [example(one, labels) for one in train]), TrainingSettings()
    )
    tuned = f1(held_out, labels, tagged(course, [one.text for one in dev]))
    few = within(as_read(train))
    head = fit([marked(one, one.words, labels) for one in few], columns=len(labels))
    live = score(head, held_out, labels)
    metric = f"wnut17, {len(train)} sentences: fine-tuned above the live head, span F1 on dev"
    against = f"{tuned:.1f} against {live:.1f} of the live head, which learned {len(few)}"
    yield at_least(metric, tuned - live, "pt", 5, against=against)


def example(one: Sentence, labels: Sequence[str]) -> Example:
    marks = (Mark(start, end, labels.index(label)) for start, end, label in one.spans)
    return Example(one.text, marks=tuple(marks))


def within(read: Sequence[Read]) -> list[Read]:
    """As many sentences as a live head learns from."""
    kept, room = [], MOST_WORDS
    for one in reversed(read):
        if room > 0:
            kept.append(one)
            room -= len(one.words.places)
    return kept


def tagged(course: Course, texts: Sequence[str]) -> list[list[Mark]]:
    network = course.network
    order = tuple(range(2 * len(network.lessons.labels) + 1))
    classifier = Classifier(
        network.model.eval(), network.pieces, network.lessons.labels, order, network.where
    )
    return [
        [
            Mark(int(places[run.first, 0]), int(places[run.last - 1, 1]), run.column)
            for run in runs_in(tags)
            if run.score >= OFFERED
        ]
        for text, tags in zip(texts, classifier.tag(texts), strict=True)
        for places in [word_places(text)]
    ]


if __name__ == "__main__":
    sys.exit(finish("registry-spans", list(results())))
