"""The live version of each question: a light head that follows the answers.

A live version is (question, encoder, last event). It is refitted from cached vectors when the
answers moved on, on a thread of its own; meanwhile, or when a fit fails, the last good one serves.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from inference import heads, vectors
from inference.encoding import KIND as ENCODE
from inference.engine import Serving
from inference.engine import serving as this_engine
from inference.heads import Floats, Head
from inference.registry import keep_live_version
from inference.threads import in_thread
from labeling.chosen import questions_of
from labeling.models import Annotation
from labeling.resolved import Picks, resolved_answers
from projects.models import Document, JobState, Label, Project, Question, QuestionKind

logger = logging.getLogger(__name__)

MOST_ANSWERS = 2000
POOL = 500
FEWEST_LABELS = 2

fits = ThreadPoolExecutor(1, thread_name_prefix="fit")


class Stamp(NamedTuple):
    """What a fit depends on; while it stays, so does the head."""

    encoder: str
    last_event: int
    labels: str
    encode_job: int


@dataclass(frozen=True, slots=True)
class LiveHead:
    """A head as it serves: its columns are `labels`, in this order."""

    question: int
    labels: tuple[int, ...]
    head: Head
    model_version: int
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Learned:
    """What there is to learn from: document id to its vector and its resolved answers."""

    pool: Floats
    vectors: Mapping[int, Floats]
    answers: Mapping[int, Mapping[int, Picks]]


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
    asked = [
        question
        for question in questions_of(project)
        if question.kind == QuestionKind.CHOICE and len(question.labels.all()) >= FEWEST_LABELS
    ]
    stamp = _stamp(project, asked, serving.engine.name)
    held = _held.get(project.pk)
    if held and held[0] == stamp:
        return held[1]
    learned = _learned(project, stamp.encoder)
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
        (question.pk, question.multiple, label.pk, label.name, label.description)
        for question in questions
        for label in question.labels.all()
    ]
    encoded = project.jobs.filter(kind=ENCODE, state=JobState.DONE).order_by("-finished_at")
    return Stamp(
        encoder=encoder,
        last_event=last_training_event(project),
        labels=hashlib.sha256(json.dumps(wordings).encode()).hexdigest(),
        encode_job=encoded.values_list("pk", flat=True).first() or 0,
    )


def _learned(project: Project, encoder: str) -> Learned:
    """The newest answered documents that are not blind and whose vectors are known."""
    newest = Annotation.objects.in_project(project).counted().latest_first()
    answered = Document.objects.in_bulk(newest.values_list("document", flat=True)[:MOST_ANSWERS])
    teaching = {pk: row.text_hash for pk, row in answered.items() if not row.is_blind}
    known = vectors.cached(encoder, set(teaching.values()))
    usable = {pk: known[key] for pk, key in teaching.items() if key in known}
    # Hashes fall evenly, so the first of them are a fair sample in whatever order texts came.
    sample = project.documents.published().order_by("text_hash").values_list("text_hash", flat=True)
    pool = list(vectors.cached(encoder, list(sample[:POOL])).values())
    return Learned(
        pool=np.stack(pool) if pool else np.zeros((0, 0), dtype=np.float32),
        vectors=usable,
        answers=resolved_answers(project, usable.keys()),
    )


def _fit(question: Question, learned: Learned, serving: Serving, stamp: Stamp) -> LiveHead:
    labels = list(question.labels.all())
    columns = {label.pk: column for column, label in enumerate(labels)}
    wordings = _wordings(labels, serving)
    rows = [
        (vector, [columns[pk] for pk in answers[question.pk] if pk in columns])
        for document, vector in sorted(learned.vectors.items())
        if question.pk in (answers := learned.answers.get(document, {}))
    ]
    head = heads.fit(
        wordings=wordings,
        pool=learned.pool if len(learned.pool) else wordings[:0],
        vectors=np.stack([vector for vector, _ in rows]) if rows else wordings[:0],
        answers=[chosen for _, chosen in rows],
        multiple=question.multiple,
    )
    facts = {"answers": len(rows), "pool": len(learned.pool), "labels": stamp.labels}
    row = keep_live_version(
        question=question, engine=serving.engine, last_event=stamp.last_event, facts=facts
    )
    return LiveHead(question.pk, tuple(columns), head, row.pk, row.name, row.version)


def _wordings(labels: Sequence[Label], serving: Serving) -> Floats:
    """(C, d): what the encoder makes of each label's name and description."""
    texts = [heads.wording(label.name, label.description) for label in labels]
    keys = [vectors.text_hash(text) for text in texts]
    known = vectors.encoded(
        serving.engine.name, serving.batcher, dict(zip(keys, texts, strict=True))
    )
    return np.stack([known[key] for key in keys])
