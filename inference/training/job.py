"""The job that fine-tunes the encoder on a dataset version.

It looks up every second: it stops when asked to, and gives way to whatever people wait for. Each
time it leaves a checkpoint, and one every so often besides, from which any worker goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
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
from inference.training.unlabelled import guessed, unlabelled_texts
from projects.jobs import JobCancelled, JobError, JobReleased, JobRun, after, handler
from projects.models import Job, Question

LOOK_SECONDS = 1.0
MOST_TAUGHT_AGAIN = 5000
"""Answers: with many, a tenth more of them is not worth the time."""
TRIED = "tried"
"""In a job's checkpoint: what came of the course on nine tenths."""


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
    started = base()
    run.progress(0, None, "Reading the dataset")
    lessons = lessons_of(dataset, question)
    tried = run.checkpoint.get(TRIED, {})
    if tried.get("base") != started.name:
        course = _followed(run, question, started, lessons)
        tried = _facts(course) | {"base": started.name}
    if is_taught_again(lessons):
        run.save_checkpoint({**run.checkpoint, TRIED: tried})
        course = _followed(run, question, started, lessons.whole(), tried=tried)
        course.finish()
        tried |= _amounts(course) | {
            "validation": f"{lessons.held_out}, then learned as well",
            "seconds": round(tried["seconds"] + course.seconds, 1),
        }
    run.progress(course.total, course.total, "Storing it")
    return register(
        run, question=question, dataset=dataset, base=started, network=course.network, facts=tried
    )


def is_taught_again(lessons: Lessons) -> bool:
    """Whether what was held out is learned as well, once it is known how many passes are best."""
    return lessons.is_lent and lessons.task == "choice" and len(lessons.train) <= MOST_TAUGHT_AGAIN


def _facts(course: Course) -> dict[str, Any]:
    """What came of a course on the validation part."""
    lessons, logits = course.network.lessons, course.finish()
    return {
        **_amounts(course),
        "validation_answers": len(lessons.validation),
        "validation": lessons.held_out,
        "validation_figure": figure_name(lessons),
        "validation_value": round(course.best_figure, 5),
        "epochs": course.network.settings.epochs,
        "best_epoch": course.best_epoch,
        "temperature": temperature(logits, course.validation, lessons),
        **letters.put_beside(course.network),
        "device": str(course.network.where),
        "seconds": round(course.seconds, 1),
    }


def _amounts(course: Course) -> dict[str, Any]:
    lessons = course.network.lessons
    return {
        "answers": len(lessons.train),
        "unlabelled": len(course.guessed),
        "spans": sum(len(one.marks) for one in lessons.train),
        "steps": course.step,
    }


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


def _followed(
    run: JobRun,
    question: Question,
    started: Base,
    lessons: Lessons,
    *,
    tried: Mapping[str, Any] | None = None,
) -> Course:
    """A course at its end. `tried`: what came of the one before, on fewer answers."""
    began = time.monotonic()
    wanted = TrainingSettings.of(run.job.params["settings"])
    settled = wanted.settled(lessons.task, len(lessons.train))
    if tried is not None:
        settled = replace(settled, epochs=tried["best_epoch"])
    course = _course(started, lessons, settled)
    of = _identity(course, started)
    found = checkpoint.read(checkpoint.folder_of(run.job.pk))
    if found is not None and found[1].get("of") == of:
        course.resume(*found)
    else:
        run.progress(0, None, "Looking at the texts for a good beginning")
        use = tried is None or tried["unlabelled"]
        _begin(course, unlabelled_texts(question.project, lessons) if use else [])
    spent = course.seconds

    def keep() -> None:
        course.seconds = spent + time.monotonic() - began
        _keep(run, course, of)

    _follow(run, course, keep, "" if tried is None else "Once more, with all answers: ")
    return course


def _course(started: Base, lessons: Lessons, settled: TrainingSettings) -> Course:
    network = Network.fresh(started, lessons, settled)
    parts = (lessons.train, lessons.validation)
    rows, validation = (rows_of(part, lessons, network.pieces) for part in parts)
    if settled.class_weights:
        network.weigh(balanced(rows, lessons))
    return Course(network, rows, validation)


def _begin(course: Course, texts: Sequence[str]) -> None:
    others = guessed(course.network, course.rows, course.validation, texts)
    well_begun(course.network, [*course.rows, *others])
    course.begin(others)


def _identity(course: Course, started: Base) -> dict[str, Any]:
    """A checkpoint of something else is of no use."""
    return {
        "base": started.name,
        "settings": course.network.settings.as_dict(),
        "device": course.network.where.type,
        "rows": len(course.rows),
    }


def _follow(run: JobRun, course: Course, keep: Callable[[], None], which: str) -> None:
    """To the end of the course. Raises JobCancelled, or JobReleased after a checkpoint."""
    clock = Clock(course)
    looked = kept = time.monotonic()
    _show(run, course)
    while not course.is_over:
        course.advance()
        run.progress(course.step, course.total, which + clock.message())
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


def _keep(run: JobRun, course: Course, of: dict[str, Any]) -> None:
    tensors, numbers = course.state()
    checkpoint.write(checkpoint.folder_of(run.job.pk), tensors, {**numbers, "of": of})
    # It has got further, so however often it was killed before, it is not what kills workers.
    Job.objects.filter(pk=run.job.pk, run_token=run.job.run_token).update(attempts=1)
    _show(run, course)


def _show(run: JobRun, course: Course) -> None:
    """What the page draws: of what was tried, not of what was then taught without trying."""
    if not course.validation:
        return
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
