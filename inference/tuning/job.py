"""The job that tunes the encoder for one span question, and when it is due.

Its training gives way to what people wait for, and stays in the memory of the process meanwhile.
Another process, or this one after a restart, begins again and comes to the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import wait
from typing import Any, NamedTuple

from inference.engine import Engine, Serving, Unavailable, serving
from inference.models import ModelVersion
from inference.tuning.train import Recipe
from inference.tuning.trial import NotEnough
from inference.tuning.versions import retire
from inference.tuning.work import Work, folder_of, tuning
from projects.changes import announce_change
from projects.jobs import JobError, JobReleased, JobRun, after, enqueue, handler
from projects.models import Job, Question, QuestionKind

KIND = "tune"
FEWEST_ANSWERS = 100
FEWEST_SPANS = 30
GROWTH = 1.5
STEPS_PER_TURN = 10


class Due(NamedTuple):
    """Below so many answers, and while nothing was taken away, nobody need ask the database."""

    removal: int
    answers: int


_due: dict[int, Due] = {}
_paused: dict[int, Work] = {}
"""Job id to the training that gave way; never more than one."""


def tune_later(
    question: Question, engine: Engine, facts: Mapping[str, Any], *, removal: int
) -> Job | None:
    """Have the encoder tuned if there are enough answers, and half as many again as last time; or
    if something was taken away (`removal`, the last such event) from what the last one learned.

    Call it after each refit, with its `facts`; it is cheap while nothing is due.
    """
    answers, due = int(facts["answers"]), _due.get(question.pk)
    if due and due.removal == removal and answers < due.answers:
        return None
    if question.kind != QuestionKind.SPAN or folder_of(engine) is None:
        return None
    retired = retire(question, removal)
    earlier = question.project.jobs.filter(kind=KIND, params__question=question.pk)
    if earlier.unfinished().exists():
        return None
    last = None if retired else earlier.order_by("-pk").first()
    grown = math.ceil(GROWTH * last.params["answers"]) if last else 0
    _due[question.pk] = Due(removal, max(FEWEST_ANSWERS, grown))
    if answers < _due[question.pk].answers or facts["spans"] < FEWEST_SPANS:
        return None
    params = {"question": question.pk, "answers": answers}
    return enqueue(project=question.project, kind=KIND, params=params)


def forget_all() -> None:
    """Empty the memory of this process."""
    _due.clear()
    _paused.clear()


@handler(KIND)
def tune(run: JobRun) -> dict[str, Any]:
    """Tune the encoder for the job's question, and say what came of it."""
    question = Question.objects.filter(
        pk=run.job.params["question"], project=run.job.project
    ).first()
    if question is None:
        raise JobError("The question is gone.")
    work = _paused.pop(run.job.pk, None)
    _paused.clear()
    try:
        work = work or tuning(question, _ready(run), Recipe())
        version = _followed(run, work)
    except JobReleased:
        if work is not None:
            _paused[run.job.pk] = work
        raise
    except (NotEnough, Unavailable) as reason:
        raise JobError(str(reason)) from reason
    return {
        "Question": question.shown_title,
        "Span F1 without it, in %": version.metrics["live_f1"],
        "Span F1 with it, in %": version.metrics["mixed_f1"],
        "Answers it was tried on": version.metrics["held_out_documents"],
        "In use": "yes" if version.is_suggesting else "no",
    }


@after(KIND)
def let_it_serve(job: Job) -> None:
    if job.project_id is not None:
        announce_change(job.project_id)


def _followed(run: JobRun, work: Work) -> ModelVersion:
    """The work to its end, saying how far it is. Raises JobReleased when others come first."""
    while True:
        try:
            step = next(work)
        except StopIteration as end:
            version: ModelVersion = end.value
            return version
        run.progress(step.done, step.total, step.message)
        run.raise_if_cancelled()
        if step.done % STEPS_PER_TURN == 0:
            run.give_way()


def _ready(run: JobRun) -> Serving:
    running = serving()
    while not wait([running.started], timeout=1).done:
        run.raise_if_cancelled()
    return running
