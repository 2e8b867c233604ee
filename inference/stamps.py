"""What a fit depends on, told from a few cheap queries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

from inference.answered import last_removal, surplus
from inference.choices import heads
from inference.encoding import KIND as ENCODE
from inference.predictions.job import last_asked
from inference.promoted.versions import promoted_of
from inference.spans import heads as span_heads
from inference.tuning.versions import serving_versions
from labeling.models import Annotation
from projects.models import JobState, Project, Question, QuestionKind


class Stamp(NamedTuple):
    """What a fit of one question depends on; while it stays, so does the head."""

    encoder: str
    last_event: int
    last_removal: int
    surplus: int
    labels: str
    encode_job: int
    tuned: int = 0
    """The tuned version that has a say beside the head; 0 for none."""
    promoted: int = 0
    """The version that somebody promoted; 0 while the head suggests by itself."""
    asked: int = 0
    """The job that asked that version last: it is weighed anew by what it then said."""


def stamps_of(project: Project, questions: Sequence[Question], encoder: str) -> dict[int, Stamp]:
    """Question id to its stamp as of now."""
    last_event = last_training_event(project)
    removal = last_removal(project)
    not_counted = surplus(project)
    encoded = project.jobs.filter(kind=ENCODE, state=JobState.DONE).order_by("-finished_at")
    encode_job = encoded.values_list("pk", flat=True).first() or 0
    spans = [question.pk for question in questions if question.kind == QuestionKind.SPAN]
    tuned = serving_versions(spans, encoder, removal) if spans else {}
    promoted = promoted_of([question.pk for question in questions])
    asked = last_asked(set(promoted.values()))
    return {
        question.pk: Stamp(
            encoder=encoder,
            last_event=last_event,
            last_removal=removal,
            surplus=not_counted,
            labels=_wording(question),
            encode_job=encode_job,
            tuned=tuned.get(question.pk, 0),
            promoted=promoted.get(question.pk, 0),
            asked=asked.get(promoted.get(question.pk, 0), 0),
        )
        for question in questions
    }


def last_training_event(project: Project) -> int:
    """The newest event about a document that may be learned from; 0 before the first.

    What is done to blind documents moves no live version.
    """
    annotations = Annotation.objects.in_project(project).exclude(last_event=None)
    newest = annotations.select_related("document").order_by("-last_event")
    for annotation in newest.defer("document__texts", "document__meta").iterator(20):
        if not annotation.document.is_blind:
            return annotation.last_event_id or 0
    return 0


def _wording(question: Question) -> str:
    """A hash of what the question's labels say, and of how this release learns them."""
    spans = question.kind == QuestionKind.SPAN
    how = span_heads.PARAMETERS if spans else heads.PARAMETERS
    labels = [(label.pk, label.name, label.description) for label in question.labels.all()]
    said = [question.kind, question.multiple, labels, how]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
