"""An hour of work by the demo's annotators, done through the same acts as the labelling page."""

from __future__ import annotations

import random
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labeling import queue
from labeling.models import Annotation
from labeling.skip import SkipReason, skip
from labeling.submit import Submission, submit
from labeling.undo import undo
from projects.models import Document, Project, User

SECONDS_TO_START = 1.8
SECONDS_A_WORD = 0.22


@dataclass(frozen=True, slots=True)
class Annotator:
    """Somebody who labels, and the scripts (as Unicode names them) they cannot read."""

    user: User
    cannot_read: frozenset[str]

    def reads(self, text: str) -> bool:
        return self.cannot_read.isdisjoint(scripts(text))


def work(
    *, project: Project, key: Mapping[str, str], annotators: Sequence[Annotator], answers: int
) -> None:
    """Have the annotators take turns until this many documents are answered.

    `key` names the right label by external id. What it leaves out is skipped as unclear, and
    what a person cannot read as that. A third of the way in one answer is taken back.
    """
    done = 0
    while done < answers:
        annotator = annotators[done % len(annotators)]
        document = queue.lease_next(project=project, annotator=annotator.user)
        if document is None:
            break
        label = key.get(document.external_id, "")
        reason = why_skip(document, annotator, label)
        if reason:
            pass_over(document, annotator, reason)
            continue
        if done == answers // 3:
            slip(document, annotator, label)
        answer(document, annotator, label)
        done += 1
    for annotator in annotators:
        queue.give_back(project=project, annotator=annotator.user)


def why_skip(document: Document, annotator: Annotator, label: str) -> SkipReason | None:
    if not annotator.reads(document.model_text):
        return SkipReason.LANGUAGE
    return None if label else SkipReason.UNCLEAR


def answer(document: Document, annotator: Annotator, label: str) -> None:
    question = document.project.questions.get()
    chosen = {question.pk: [question.labels.get(name=label).pk]}
    before = Annotation.objects.filter(document=document).by(annotator.user).first()
    submission = submission_for(document, replaces=before.last_event_id if before else None)
    submit(document=document, annotator=annotator.user, chosen=chosen, submission=submission)


def slip(document: Document, annotator: Annotator, label: str) -> None:
    """Press the wrong key, notice, undo."""
    question = document.project.questions.get()
    wrong = question.labels.exclude(name=label).first()
    assert wrong is not None  # noqa: S101
    answer(document, annotator, wrong.name)
    undo(project=document.project, annotator=annotator.user, client_id=uuid.uuid4())


def pass_over(document: Document, annotator: Annotator, reason: SkipReason) -> None:
    skip(
        document=document,
        annotator=annotator.user,
        reason=reason,
        note="",
        submission=submission_for(document),
    )


def submission_for(document: Document, replaces: int | None = None) -> Submission:
    """As a browser would send it, with the time that reading takes."""
    words = len(document.model_text.split())
    seconds = SECONDS_TO_START + SECONDS_A_WORD * words * random.uniform(0.7, 1.4)  # noqa: S311
    return Submission(client_id=uuid.uuid4(), replaces=replaces, active_ms=round(1000 * seconds))


def scripts(text: str) -> set[str]:
    """The scripts of a text: the first word of its letters' Unicode names, such as LATIN."""
    return {unicodedata.name(sign, "").split(" ")[0] for sign in text if sign.isalpha()}
