"""The live version of each question: a light head that follows the answers.

A live version is (question, encoder, last event). It is refitted from cached vectors when the
answers moved on, on a thread of its own; meanwhile, or when a fit fails, the last good one serves.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Max

from inference.encoding import KIND as ENCODE
from inference.engine import Serving
from inference.engine import serving as this_engine
from inference.heads import Head
from inference.learning import Learned, fit_choice, fit_spans, gather
from inference.registry import keep_live_version
from inference.span_heads import SpanHead
from inference.threads import in_thread
from labeling.chosen import questions_of
from labeling.models import Annotation, EventKind
from projects.models import JobState, Project, Question, QuestionKind

logger = logging.getLogger(__name__)

FEWEST_LABELS = 2
REMOVALS = (EventKind.DELETE, EventKind.RESTORE, EventKind.ERASE)
"""What changes the documents there are to learn from, and no answer."""

fits = ThreadPoolExecutor(1, thread_name_prefix="fit")


class Stamp(NamedTuple):
    """What a fit depends on; while it stays, so does the head."""

    encoder: str
    last_event: int
    last_removal: int
    labels: str
    encode_job: int


@dataclass(frozen=True, slots=True)
class LiveHead:
    """A head as it serves: its columns are `labels`, in this order."""

    question: int
    labels: tuple[int, ...]
    head: Head | SpanHead
    model_version: int
    name: str
    version: str


_held: dict[int, tuple[Stamp, tuple[LiveHead, ...]]] = {}


def latest(project_id: int) -> tuple[LiveHead, ...] | None:
    """The last good heads of a project, from memory; None before the first fit."""
    held = _held.get(project_id)
    return held[1] if held else None


def forget_all() -> None:
    """Empty the memory of this process: the next use fits afresh."""
    _held.clear()


async def refreshed(project: Project) -> tuple[LiveHead, ...]:
    """As `refresh`, on the thread that fits; awaiting it never blocks the loop."""
    return await in_thread(refresh, fits)(project)


def refresh(project: Project) -> tuple[LiveHead, ...]:
    """The project's heads, refitted if anything they depend on has changed. Blocks.

    Raises Unavailable when there is no engine.
    """
    serving = this_engine()
    asked = [question for question in questions_of(project) if _can_be_served(question)]
    stamp = _stamp(project, asked, serving.engine.name)
    held = _held.get(project.pk)
    if held and held[0] == stamp:
        return held[1]
    learned = gather(project, serving)
    fitted = tuple(_fit(question, learned, serving, stamp) for question in asked)
    _held[project.pk] = (stamp, fitted)
    return fitted


def last_training_event(project: Project) -> int:
    """The newest event about a document that may be learned from; 0 before the first.

    What is done to blind documents moves no live version.
    """
    annotations = Annotation.objects.in_project(project).exclude(last_event=None)
    for annotation in annotations.select_related("document").order_by("-last_event").iterator(20):
        if not annotation.document.is_blind:
            return annotation.last_event_id or 0
    return 0


def _stamp(project: Project, questions: Sequence[Question], encoder: str) -> Stamp:
    wordings = [
        (question.pk, question.kind, question.multiple, label.pk, label.name, label.description)
        for question in questions
        for label in question.labels.all()
    ]
    removals = project.events.filter(kind__in=REMOVALS)
    encoded = project.jobs.filter(kind=ENCODE, state=JobState.DONE).order_by("-finished_at")
    return Stamp(
        encoder=encoder,
        last_event=last_training_event(project),
        last_removal=removals.aggregate(last=Max("pk"))["last"] or 0,
        labels=hashlib.sha256(json.dumps(wordings).encode()).hexdigest(),
        encode_job=encoded.values_list("pk", flat=True).first() or 0,
    )


def _fit(question: Question, learned: Learned, serving: Serving, stamp: Stamp) -> LiveHead:
    head: Head | SpanHead
    if question.kind == QuestionKind.SPAN:
        head, facts = fit_spans(question, learned)
    else:
        head, facts = fit_choice(question, learned, serving)
    row = keep_live_version(
        question=question,
        engine=serving.engine,
        last_event=stamp.last_event,
        facts={**facts, "labels": stamp.labels},
    )
    labels = tuple(label.pk for label in question.labels.all())
    return LiveHead(question.pk, labels, head, row.pk, row.name, row.version)


def _can_be_served(question: Question) -> bool:
    """A choice needs two labels to choose from, a span one to be marked with."""
    fewest = 1 if question.kind == QuestionKind.SPAN else FEWEST_LABELS
    return len(question.labels.all()) >= fewest
