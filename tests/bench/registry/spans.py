"""The part of `bench-registry` on spans: a fine-tuned tagger against the live head, taught by the
same sentences of wnut17's train part, on its dev part.

The live head learns twice: from the newest sentences that it has room for, as it serves, and, which
it never does, from all of them. Of it everything counts that is shown, or only what is offered,
whichever is better; of the tagger what is offered.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from inference.learning import MOST_WORDS
from inference.spans.bio import Mark
from inference.spans.calibration import Calibration
from inference.spans.heads import OFFERED, fit
from inference.spans.tagger import runs_in
from inference.spans.words import word_places
from inference.training.lessons import Example
from inference.training.letters import put_beside
from inference.training.network import Network
from inference.training.settings import TrainingSettings
from tests.bench import bench_spans
from tests.bench.bench_spans import DATA, Read, Sentence, f1, marked
from tests.bench.learn_spans import as_read
from tests.bench.registry.data import lessons_of, trained
from tests.bench.report import Result, at_least, finish

HALF = 0.5


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
    facts = put_beside(course.network)
    tuned = f1(held_out, labels, offered(course.network, dev, Calibration(*facts["calibration"])))
    plain = f1(held_out, labels, offered(replace(course.network, letters=None), dev))
    yield Result("wnut17: the tagger without its letters", plain, "%")
    every = as_read(train)
    lives = [(few, live(few, held_out, labels)) for few in (within(every), every)]
    against = ", ".join(f"{score:.1f} from {len(few)}" for few, score in lives)
    name = f"wnut17, {len(train)} sentences"
    yield Result(f"{name}: fine-tuned, span F1 on dev", tuned, "%", against=f"live head {against}")
    yield at_least(f"{name}: above the live head", tuned - lives[0][1], "pt", 5)
    yield Result(f"{name}: above one taught by all", tuned - lives[1][1], "pt")


def live(few: Sequence[Read], held_out: Sequence[Read], labels: Sequence[str]) -> float:
    head = fit([marked(one, one.words, labels) for one in few], columns=len(labels))
    found = [head.suggest(one.sentence.text, one.words) for one in held_out]
    chosen = [[one for one in of if one.offered] for of in found]
    return max(f1(held_out, labels, found), f1(held_out, labels, chosen))


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


def offered(
    network: Network, sentences: Sequence[Sentence], line: Calibration | None = None
) -> list[list[Mark]]:
    """As `FolderPredictor` offers it."""
    texts = [one.text for one in sentences]
    return [
        [
            Mark(int(places[run.first, 0]), int(places[run.last - 1, 1]), run.column)
            for run in runs_in(tags)
            if (line.honest(run.score) >= OFFERED if line else run.score >= HALF)
        ]
        for text, tags in zip(texts, network.classifier().tag(texts), strict=True)
        for places in [word_places(text)]
    ]


if __name__ == "__main__":
    sys.exit(finish("registry-spans", list(results())))
