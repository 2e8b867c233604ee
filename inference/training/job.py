"""The job that fine-tunes the encoder on a dataset version.

It looks up every second: it stops when asked to, and gives way to whatever people wait for. Each
time it leaves a checkpoint, and one every so often besides, from which any worker goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings

from corpus.models import DatasetVersion
from inference.engine import EngineError
from inference.models import ModelVersion
from inference.training import checkpoint, letters
from inference.training.base import Base, base
from inference.training.course import Course
from inference.training.figures import figure_name, temperature
from inference.training.lessons import CannotTrain, Lessons, lessons_of
from inference.training.network import Network
from inference.training.register import register, registered
from inference.training.request import KIND
from inference.training.rows import balanced, rows_of
from inference.training.settings import TrainingSettings
from inference.training.start import well_begun
from projects.jobs import JobCancelled, JobError, JobReleased, JobRun, after, handler
from projects.models import Job, Question

LOOK_SECONDS = 1.0


@handler(KIND)
def train(run: JobRun) -> dict[str, Any]:
    """Fine-tune, register, and say what came of it."""
    checkpoint.sweep()
    try:
        version = registered(run.job) or _trained(run)
    except (CannotTrain, EngineError) as why:
        raise JobError(str(why)) from why
    except JobCancelled:
        checkpoint.remove(run.job.pk)
        raise
    except OSError as error:
        raise JobError(
            f"The disk of this server did not take what was trained ({error.strerror or error}). "
            "Make room and run it again: it goes on from its last checkpoint."
        ) from error
    checkpoint.remove(run.job.pk)
    return {"Version": str(version), "Question": version.question.shown_title}


@after(KIND)
def measure_it(job: Job) -> None:
    from inference.evaluating.job import evaluate_later

    if version := registered(job):
        evaluate_later(version)


def _trained(run: JobRun) -> ModelVersion:
    """Raises CannotTrain, EngineError, OSError."""
    question, dataset = _asked(run)
    began, started = time.monotonic(), base()
    run.progress(0, None, "Reading the dataset")
    lessons = lessons_of(dataset, question)
    course, spent = _course(run, started, lessons)
    of = _identity(course, started)
    _follow(run, course, lambda: _keep(run, course, of, spent + time.monotonic() - began))
    logits = course.finish()
    run.progress(course.total, course.total, "Storing it")
    network = course.network
    facts = {
        "answers": len(lessons.train),
        "spans": sum(len(one.marks) for one in lessons.train),
        "validation_answers": len(lessons.validation),
        "validation": lessons.held_out,
        "validation_figure": figure_name(lessons),
        "validation_value": round(course.best_figure, 5),
        "best_epoch": course.best_epoch,
        "steps": course.step,
        "temperature": temperature(logits, course.validation, lessons),
        **letters.put_beside(network),
        "device": str(network.where),
        "seconds": round(spent + time.monotonic() - began, 1),
    }
    return register(
        run, question=question, dataset=dataset, base=started, network=network, facts=facts
    )


def _asked(run: JobRun) -> tuple[Question, DatasetVersion]:
    """Raises CannotTrain."""
    params, project = run.job.params, run.job.project
    if project is None:
        raise CannotTrain("The project is gone.")
    question = project.questions.filter(pk=params["question"]).first()
    dataset = project.dataset_versions.filter(pk=params["dataset"]).first()
    if question is None or dataset is None:
        raise CannotTrain(f"The {'dataset version' if question else 'question'} is gone.")
    return question, dataset


def _course(run: JobRun, started: Base, lessons: Lessons) -> tuple[Course, float]:
    """At its beginning, or where its checkpoint left it; and the seconds spent by then."""
    wanted = TrainingSettings.of(run.job.params["settings"])
    settled = wanted.settled(lessons.task, len(lessons.train))
    network = Network.fresh(started, lessons, settled)
    parts = (lessons.train, lessons.validation)
    rows, validation = (rows_of(part, lessons, network.pieces) for part in parts)
    if settled.class_weights:
        network.weigh(balanced(rows, lessons))
    course = Course(network, rows, validation)
    found = checkpoint.read(checkpoint.folder_of(run.job.pk))
    if found is not None and found[1].get("of") == _identity(course, started):
        course.resume(*found)
        return course, float(found[1]["seconds"])
    run.progress(0, course.total, "Looking at the texts for a good beginning")
    well_begun(network, rows)
    course.begin()
    return course, 0.0


def _identity(course: Course, started: Base) -> dict[str, Any]:
    """A checkpoint of something else is of no use."""
    return {
        "base": started.name,
        "settings": course.network.settings.as_dict(),
        "device": course.network.where.type,
        "rows": len(course.rows),
    }


def _follow(run: JobRun, course: Course, keep: Callable[[], None]) -> None:
    """To the end of the course. Raises JobCancelled, or JobReleased after a checkpoint."""
    clock = Clock(course)
    looked = kept = time.monotonic()
    _show(run, course)
    while not course.is_over:
        course.advance()
        run.progress(course.step, course.total, clock.message())
        now = time.monotonic()
        if now - looked >= LOOK_SECONDS:
            try:
                run.raise_if_cancelled()
                run.give_way()
            except JobReleased:
                keep()
                raise
            _show(run, course)
            looked = time.monotonic()
        if now - kept >= settings.TRAINING_CHECKPOINT_SECONDS:
            keep()
            kept = time.monotonic()
    keep()


def _keep(run: JobRun, course: Course, of: dict[str, Any], seconds: float) -> None:
    tensors, numbers = course.state()
    checkpoint.write(
        checkpoint.folder_of(run.job.pk), tensors, {**numbers, "of": of, "seconds": seconds}
    )
    # It has got further, so however often it was killed before, it is not what kills workers.
    Job.objects.filter(pk=run.job.pk, run_token=run.job.run_token).update(attempts=1)
    _show(run, course)


def _show(run: JobRun, course: Course) -> None:
    """What the page draws."""
    curve = {
        "figure": figure_name(course.network.lessons),
        "total": course.total,
        "per_epoch": course.per_epoch,
        "losses": course.losses,
        "scores": course.scores,
        "validation": len(course.network.lessons.validation),
    }
    run.save_checkpoint({**run.checkpoint, "curve": curve})


class Clock:
    """How long it will take, from how long it has taken since this attempt began."""

    def __init__(self, course: Course) -> None:
        self.course, self.first, self.began = course, course.step, time.monotonic()

    def message(self) -> str:
        course, done = self.course, self.course.step - self.first
        epochs = course.network.settings.epochs
        where = f"Pass {min(course.epoch + 1, epochs)} of {epochs}"
        if done < 1:
            return where
        left = (time.monotonic() - self.began) / done * (course.total - course.step)
        return f"{where}, {in_words(left)} left"


def in_words(seconds: float) -> str:
    """As in: about 4 minutes."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:  # noqa: PLR2004
        return f"about {minutes} minute{'s' if minutes > 1 else ''}"
    hours, rest = divmod(minutes, 60)
    return f"about {hours} h {rest} min"
