"""The jobs of a run. Each can be killed at any moment and comes to the same: what was drawn is
written down before it is acted on, and every act leaves alone what it finds done.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from django.db import transaction

from inference.autolabel.champion import freeze, predictor, scored
from inference.autolabel.run import APPLY, SCORE, UNDO, finish, remaining
from inference.autolabel.scoring import picked
from inference.autolabel.selection import Calibration, checked, fewest, p_values
from inference.engine import Unavailable
from inference.measuring.reserve import chunks
from inference.models import AutoLabelDocument, AutoLabelRun, Role, RunState
from inference.predicting import CannotPredict
from labeling.label_by_model import CHUNK, draw, label_by_model, take_back, waiting_for_anybody
from labeling.merged import merged_into
from projects.jobs import JobError, JobRun, handler
from projects.models import Label

AT_ONCE = 32


@handler(SCORE)
def score(job: JobRun) -> dict[str, Any]:
    """Freeze the model, ask it about everything that remains, draw the sample."""
    run = _run(job)
    if run.state == RunState.SCORING:
        try:
            freeze(run)
            _ask(job, run)
        except (CannotPredict, Unavailable) as why:
            raise JobError(str(why)) from why
        _draw_sample(job, run)
    return {
        "Documents": run.documents.count(),
        "Drawn": run.documents.filter(role=Role.CALIBRATION).count(),
    }


@handler(APPLY)
def apply(job: JobRun) -> dict[str, Any]:
    """Set the audit sample aside and have the model label the others that were selected."""
    run = _run(job)
    if run.state == RunState.APPLYING:
        _draw_audit(run)
        _label(job, run)
        finish(run, RunState.APPLIED, came_from=RunState.APPLYING)
    return {"Documents": run.documents.filter(selected=True).count()}


@handler(UNDO)
def undo(job: JobRun) -> dict[str, Any]:
    run = _run(job)
    done = job.checkpoint.get("done", 0)
    while run.state == RunState.UNDOING:
        with transaction.atomic():
            taken = take_back(project=run.project, batch=run.pk, actor=job.job.created_by)
            done += taken
            job.save_checkpoint({"done": done})
        if not taken:
            finish(run, RunState.UNDONE, came_from=RunState.UNDOING)
            break
        job.progress(done, message="Taking back")
        job.raise_if_cancelled()
    return {"Documents": done}


def _run(job: JobRun) -> AutoLabelRun:
    run = (
        AutoLabelRun.objects.filter(pk=job.job.params["run"], project=job.job.project)
        .select_related("project", "question", "model_version__project", "model_version__question")
        .first()
    )
    if run is None:
        raise JobError("The run is gone.")
    return run


def _ask(job: JobRun, run: AutoLabelRun) -> None:
    """Others' jobs go first: nobody waits for this one."""
    if "drawn" in run.figures:
        return
    model, left = predictor(run), remaining(run.project)
    after, done = job.checkpoint.get("after", 0), run.documents.count()
    total = done + left.filter(pk__gt=after).count()
    while documents := list(left.filter(pk__gt=after).order_by("pk")[:AT_ONCE]):
        for document in documents:
            document.project = run.project
        rows = scored(run, model, documents)
        after = documents[-1].pk
        with transaction.atomic():
            AutoLabelDocument.objects.bulk_create(rows, ignore_conflicts=True)
            job.save_checkpoint({"after": after})
        done += len(rows)
        job.progress(done, total, "Asking the model")
        job.raise_if_cancelled()
        job.give_way()


def _draw_sample(job: JobRun, run: AutoLabelRun) -> None:
    """Uniformly from what remains by now: the seed and the ids in their order say which."""
    if "drawn" not in run.figures:
        mine = run.documents.values("document")
        left = list(
            remaining(run.project).filter(pk__in=mine).order_by("pk").values_list("pk", flat=True)
        )
        _forget_others(run, left)
        if len(left) <= max(fewest(run.target), 1):
            finish(run, RunState.STOPPED, came_from=RunState.SCORING)
            raise JobError(f"Only {len(left)} documents remain: too few to draw a sample from.")
        _remember(run, "drawn", left, min(run.calibration, len(left) - 1))
    for chunk in _chunks(run.figures["drawn"]):
        with transaction.atomic():
            taken = draw(project=run.project, documents=chunk)
            rows = run.documents.filter(document__in=chunk)
            rows.filter(document__in=taken).update(role=Role.CALIBRATION)
            rows.exclude(document__in=taken).delete()  # somebody has just begun it
        job.raise_if_cancelled()
    _forget_begun(run)
    finish(run, RunState.ANSWERING, came_from=RunState.SCORING)


def _draw_audit(run: AutoLabelRun) -> None:
    """Of the selected, some that people answer all the same, to see how many are wrong."""
    if "audited" not in run.figures:
        mine = _selected(run).values("document")
        left = list(
            waiting_for_anybody(run.project)
            .filter(pk__in=mine)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        _remember(run, "audited", left, checked(run.audit, len(left)))
    for chunk in _chunks(run.figures["audited"]):
        with transaction.atomic():
            taken = draw(project=run.project, documents=chunk)
            rows = run.documents.filter(document__in=taken)
            rows.update(role=Role.AUDIT, selected=True)


def _label(job: JobRun, run: AutoLabelRun) -> None:
    after, done = job.checkpoint.get("after", 0), job.checkpoint.get("done", 0)
    total = run.figures["selected"] - len(run.figures["audited"])
    into = merged_into(run.project)
    known = set(Label.objects.filter(question=run.question_id).values_list("pk", flat=True))
    name = f"{run.model_version.name} {run.version}"
    while rows := list(_selected(run).filter(pk__gt=after).order_by("pk")[:CHUNK]):
        after = rows[-1].pk
        answers = {row.document_id: picked(row.items, into) for row in rows}
        items: Any = {
            pk: of for pk, of in answers.items() if all(item["label"] in known for item in of)
        }
        with transaction.atomic():
            _mark(run, rows)
            done += label_by_model(
                question=run.question,
                items=items,
                model_version=name,
                batch=run.pk,
                actor=job.job.created_by,
            )
            job.save_checkpoint({"after": after, "done": done})
        job.progress(done, total, "Labelling")
        job.raise_if_cancelled()


def _selected(run: AutoLabelRun) -> Any:
    """Those to be labelled: but for the ones set aside to be checked, and those that another run
    has drawn since, for people.
    """
    rest = run.documents.filter(role=Role.REST, score__gte=run.figures["cutoff"])
    return rest.filter(document__is_drawn=False)


def _mark(run: AutoLabelRun, rows: Sequence[AutoLabelDocument]) -> None:
    """The wrong answers and their number are all that a p-value needs."""
    n, wrong = run.figures["n"], np.array(run.figures["wrong_scores"], dtype=np.float64)
    right = np.full(n - len(wrong), np.inf)
    told = Calibration(np.concatenate([wrong, right]), np.arange(n) < len(wrong))
    scores = np.array([row.score for row in rows], dtype=np.float64)
    for row, chance in zip(rows, p_values(scores, told).tolist(), strict=True):
        row.p_value, row.selected = chance, True
    AutoLabelDocument.objects.bulk_update(rows, ["p_value", "selected"])


def _remember(run: AutoLabelRun, name: str, left: Sequence[int], count: int) -> None:
    """Draw so many of these ids, and write them down under a name of the draw."""
    chance = random.Random(f"{run.seed} {name}")  # noqa: S311 - not secrecy
    run.figures = {**run.figures, name: chance.sample(left, count)}
    run.save(update_fields=["figures"])


def _forget_others(run: AutoLabelRun, left: Iterable[int]) -> None:
    """What people have begun while the model was asked does not remain."""
    known = dict(run.documents.order_by().values_list("document", "pk"))
    gone = [known[pk] for pk in known.keys() - set(left)]
    for chunk in chunks(gone):
        run.documents.filter(pk__in=chunk).delete()


def _forget_begun(run: AutoLabelRun) -> None:
    """As what was drawn and begun before its turn is out of the sample, so is of the rest what was
    begun by now: people take the hardest first, and the sample must not be the easier half.
    """
    sample = run.documents.filter(role=Role.CALIBRATION).values_list("document", flat=True)
    _forget_others(run, [*remaining(run.project).values_list("pk", flat=True), *sample])


def _chunks(pks: Sequence[int]) -> Iterable[Sequence[int]]:
    return (pks[first : first + CHUNK] for first in range(0, len(pks), CHUNK))
