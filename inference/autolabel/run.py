"""The life of a run, as an owner steers it: start, choose, apply, take back, stop."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from inference.autolabel.sample import calibration_of, sample_of, scores_of_rest, without_gaps
from inference.autolabel.selection import Calibration, Doubles, fewest, needed, select
from inference.models import AutoLabelRun, Role, RunState
from inference.registry import in_use
from labeling.label_by_model import waiting_for_anybody
from projects import jobs
from projects.models import Project, Question, User
from projects.models.document import BLIND_SPLITS, DocumentQuerySet

SCORE, APPLY, UNDO = "auto_label", "auto_label_apply", "auto_label_undo"
TARGETS = (0.2, 0.1, 0.05, 0.02)
"""What the table tells beside the run's own target."""
HIGHEST_TARGET = 0.5
SEED_BITS = 32
NO_MODEL = (
    "There is no model for this question yet. One begins as soon as somebody opens a document to "
    "label."
)


class CannotDo(Exception):
    """The message says why, and what to do."""


def remaining(project: Project) -> DocumentQuerySet:
    """What a run may label: nobody has begun it, and no figure waits for it.

    The reserve stays with people. What a model took out of it would be missing there, and the
    figures would speak of the harder half.
    """
    mine = waiting_for_anybody(project).filter(in_reserve=False, is_drawn=False)
    return mine.exclude(imported_split__in=BLIND_SPLITS)


def obstacle(question: Question) -> str:
    """Why no run can start now; empty when one can."""
    version = in_use(question)
    if version is None:
        return NO_MODEL
    if version.is_live and settings.ENGINE == "off":
        return "Suggestions are switched off on this server, so the model cannot be asked."
    others = question.project.questions.usable().exclude(pk=question.pk).filter(required=True)
    names = ", ".join(f"“{one.shown_title}”" for one in others)
    if names:
        return (
            f"People have to answer {names} as well, so every document would need them all the "
            "same. A model labels the rest where one question is required."
        )
    return ""


@transaction.atomic
def start(
    *, question: Question, target: float, calibration: int, audit: int, author: User
) -> AutoLabelRun:
    """Begin with what remains; a job reads it and draws the sample. Raises CannotDo."""
    version = in_use(question)
    if version is None or (why := obstacle(question)):
        raise CannotDo(why if version else NO_MODEL)
    left = remaining(question.project).count()
    if calibration >= left:
        raise CannotDo(
            f"{left} documents remain, so a sample of {calibration} leaves nothing to label."
        )
    if calibration < fewest(target):
        raise CannotDo(
            f"At {100 * target:g} % nothing can be labelled with fewer than {fewest(target)} "
            "answers."
        )
    try:
        with transaction.atomic():
            run = AutoLabelRun.objects.create(
                project=question.project,
                question=question,
                model_version=version,
                target=target,
                calibration=calibration,
                audit=audit,
                seed=secrets.randbits(SEED_BITS),
                author=author,
            )
    except IntegrityError:
        raise CannotDo("A run for this question is under way. Finish or stop it first.") from None
    _enqueue(run, SCORE, author)
    return run


def choose(run: AutoLabelRun) -> None:
    """End the sample with those that are answered, and choose. Once: what is then seen of the
    selection must not decide how many answers it rests on. Raises CannotDo.
    """
    told = without_gaps(sample_of(run, Role.CALIBRATION))
    if len(told) < fewest(run.target):
        raise CannotDo(
            f"{len(told)} of the sample are answered without a gap. With fewer than "
            f"{fewest(run.target)} nothing can be labelled at this target."
        )
    figures = {**run.figures, **selection_of(run, calibration_of(told))}
    chosen = AutoLabelRun.objects.filter(pk=run.pk, state=RunState.ANSWERING)
    if not chosen.exclude(figures__has_key="n").update(figures=figures):
        raise CannotDo("The selection has been made already.")


def selection_of(run: AutoLabelRun, calibration: Calibration) -> dict[str, Any]:
    """The figures of a selection, ready for JSON."""
    scores = scores_of_rest(run)
    chosen = select(scores, calibration, run.target)
    count = int(chosen.selected.sum())
    return {
        "n": len(calibration.scores),
        "wrong": int(calibration.wrong.sum()),
        "wrong_scores": np.sort(calibration.scores[calibration.wrong]).tolist(),
        "rest": len(scores),
        "selected": count,
        "cutoff": chosen.cutoff if count else None,
        "targets": [
            _at(target, scores, calibration) for target in sorted({run.target, *TARGETS})[::-1]
        ],
    }


def _at(target: float, scores: Doubles, calibration: Calibration) -> dict[str, Any]:
    chosen = int(select(scores, calibration, target).selected.sum())
    return {
        "target": target,
        "selected": chosen,
        "coverage": chosen / len(scores) if len(scores) else 0.0,
        "needed": needed(scores, calibration, target),
    }


@transaction.atomic
def apply(*, run: AutoLabelRun, actor: User) -> None:
    """Have what was chosen labelled. Raises CannotDo."""
    if not run.figures.get("selected"):
        raise CannotDo("Nothing was selected, so there is nothing to label.")
    _move(run, RunState.APPLYING, came_from=(RunState.ANSWERING,))
    _enqueue(run, APPLY, actor)


@transaction.atomic
def undo(*, run: AutoLabelRun, actor: User) -> None:
    """Have everything that the run labelled taken back. Raises CannotDo."""
    came_from = [RunState.APPLIED]
    if run.job is None or run.job.is_finished:
        came_from.append(RunState.APPLYING)
    _move(run, RunState.UNDOING, came_from=came_from)
    _enqueue(run, UNDO, actor)


@transaction.atomic
def stop(run: AutoLabelRun) -> None:
    """End a run that has labelled nothing. What was drawn stays first in the queue, and blind."""
    _move(run, RunState.STOPPED, came_from=(RunState.SCORING, RunState.ANSWERING))
    if run.job:
        jobs.cancel(run.job)


def halt(run: AutoLabelRun) -> None:
    """Stop its job, to go on with or take back what it did. Raises CannotDo."""
    if run.job is None or run.job.is_finished:
        raise CannotDo("Nothing is running.")
    jobs.cancel(run.job)


def go_on(run: AutoLabelRun) -> None:
    """Run its job again from where it was. Raises CannotDo."""
    if run.job is None or not jobs.retry(run.job):
        raise CannotDo("There is nothing to run again.")


def finish(run: AutoLabelRun, state: RunState, *, came_from: RunState) -> None:
    """The end of a job's work on a run; another's decision meanwhile stands."""
    times = {RunState.APPLIED: "applied_at", RunState.UNDONE: "undone_at"}
    stamp = {times[state]: timezone.now()} if state in times else {}
    AutoLabelRun.objects.filter(pk=run.pk, state=came_from).update(state=state, **stamp)


def _move(run: AutoLabelRun, state: RunState, *, came_from: Any) -> None:
    if not AutoLabelRun.objects.filter(pk=run.pk, state__in=came_from).update(state=state):
        raise CannotDo("Somebody was faster: this run is not where it was. Look at it again.")


def _enqueue(run: AutoLabelRun, kind: str, actor: User) -> None:
    job = jobs.enqueue(project=run.project, kind=kind, params={"run": run.pk}, created_by=actor)
    AutoLabelRun.objects.filter(pk=run.pk).update(job=job)
    run.job = job
