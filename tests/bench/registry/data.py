"""A training as the job does it, without a database, and the public parts of the sets it learns."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from inference.training.base import Base, base
from inference.training.course import Course
from inference.training.lessons import Example, Lessons, is_held_out
from inference.training.network import Network
from inference.training.rows import rows_of
from inference.training.settings import TrainingSettings
from inference.training.start import well_begun
from inference.training.unlabelled import guessed

Pairs = list[tuple[str, str]]


def banking77(folder: Path) -> tuple[Pairs, Pairs]:
    """(text, category) of the train part, and of the test part."""
    train, test = (
        [
            (row["text"], row["category"])
            for row in csv.DictReader((folder / name).open(encoding="utf-8", newline=""))
        ]
        for name in ("train.csv", "test.csv")
    )
    return train, test


def lessons_of(task: str, labels: Sequence[str], examples: Sequence[Example]) -> Lessons:
    """One in ten held out by hash, as where a dataset version has no validation part."""
    return Lessons(
        task,
        False,
        tuple(labels),
        [one for one in examples if not is_held_out(one.text)],
        [one for one in examples if is_held_out(one.text)],
        "1 in 10, by hash",
        is_lent=True,
    )


def started() -> Base:
    return base()


def course_of(
    lessons: Lessons, settings: TrainingSettings, unlabelled: Sequence[str] = ()
) -> Course:
    """Begun."""
    settled = settings.settled(lessons.task, len(lessons.train))
    network = Network.fresh(started(), lessons, settled)
    rows = rows_of(lessons.train, lessons, network.pieces)
    validation = rows_of(lessons.validation, lessons, network.pieces)
    others = guessed(network, rows, validation, unlabelled)
    well_begun(network, [*rows, *others])
    course = Course(network, rows, validation)
    course.begin(others)
    return course


def trained(lessons: Lessons, settings: TrainingSettings, unlabelled: Sequence[str] = ()) -> Course:
    """At its end, the best weights in place."""
    course = course_of(lessons, settings, unlabelled)
    print(
        f"  begun: {course.scores[-1]}, {len(course.guessed)} texts with guessed labels", flush=True
    )
    while not course.is_over:
        course.advance()
        if course.step % course.per_epoch == 0:
            print(f"  pass {course.epoch}: {course.scores[-1]}", flush=True)
    course.finish()
    return course
