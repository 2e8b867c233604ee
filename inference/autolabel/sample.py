"""What people answered about the documents that were drawn, in the order they are served."""

from __future__ import annotations

from itertools import takewhile
from typing import NamedTuple

import numpy as np

from inference.autolabel.scoring import is_right, picked
from inference.autolabel.selection import Calibration
from inference.measuring.reserve import chunks
from inference.models import AutoLabelDocument, AutoLabelRun, Role
from labeling.merged import merged_into
from labeling.resolved import Picks, resolved_answers
from projects.models import DocumentState


class Checked(NamedTuple):
    """A drawn document: `wrong` is None while people have not finished it."""

    document: int
    score: float
    wrong: bool | None


def sample_of(run: AutoLabelRun, role: Role) -> list[Checked]:
    """In random order, as they are served.

    What people skip until it goes to the owner, or cannot agree on, counts as wrong. So does what
    was deleted: among the rest there is as much that deserves it, and it is still there.
    """
    rows = list(
        run.documents.filter(role=role)
        .order_by("document__display_coin", "document")
        .values_list("document", "score", "items", "document__state")
    )
    done = [pk for pk, _, _, state in rows if state == DocumentState.DONE]
    answers = _answers(run, done)
    into = merged_into(run.project)
    return [
        Checked(
            pk,
            score,
            None
            if state == DocumentState.OPEN
            else not is_right(picked(items, into), answers.get(pk)),
        )
        for pk, score, items, state in rows
    ]


def without_gaps(sample: list[Checked]) -> list[Checked]:
    """Those served first, up to the first that is not finished: like all of them a fair draw,
    which those that were easy to finish would not be.
    """
    return list(takewhile(lambda one: one.wrong is not None, sample))


def calibration_of(sample: list[Checked]) -> Calibration:
    return Calibration(
        np.array([one.score for one in sample], dtype=np.float64),
        np.array([bool(one.wrong) for one in sample], dtype=bool),
    )


def scores_of_rest(run: AutoLabelRun) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(m,): of all that remained when the run began, but for the sample. Also of those that people
    have answered since: which these are is no chance, and would spoil the bound.
    """
    rest = AutoLabelDocument.objects.filter(run=run).exclude(role=Role.CALIBRATION)
    return np.fromiter(rest.order_by().values_list("score", flat=True), dtype=np.float64)


def _answers(run: AutoLabelRun, documents: list[int]) -> dict[int, Picks | None]:
    found: dict[int, Picks | None] = {}
    for chunk in chunks(documents):
        for pk, answers in resolved_answers(run.project, chunk).items():
            found[pk] = answers.get(run.question_id)
    return found
