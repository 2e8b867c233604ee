"""What each person said, and how it came about.

Here a record is one person's answers about one document, and a file of such records is imported
like any other: its ids are its own, and the further columns become metadata.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from corpus.contents import Contents
from corpus.exports.model_answers import MODEL_ANSWERS, ModelAnswers
from corpus.exports.provenance import Provenance
from corpus.record import Answer as Said
from corpus.record import Record, SpanValue
from labeling.items import pick_of
from labeling.models import Annotation, AnnotationState, Answer
from projects.models import Document, Question

LONGEST_ID = 200
IMPORTED = "(imported)"
"""Stands where a person's name would; no user name can hold a bracket."""

COLUMNS = ("document", "annotator", "state", "surplus", "answered_at", "guideline", "active_ms")
PROVENANCE = "provenance"
TOLD = (AnnotationState.SUBMITTED, AnnotationState.SKIPPED, AnnotationState.WITHDRAWN)
"""An answer that its author took back is not told: nothing of it stands."""


class Everyone:
    """The answers of each person about these documents; `only` narrows the annotations."""

    def __init__(self, contents: Contents, only: Q, *, provenance: bool) -> None:
        self.contents = contents
        self.only = only
        self.provenance = Provenance(contents.project) if provenance else None
        self.names = Provenance(contents.project).labels
        self.required = [each.name for each in contents.questions.values() if each.required]

    def count(self) -> int:
        documents = self.contents.documents.order_by()
        return self._annotations(documents).count()

    def records(self) -> Iterator[Record]:
        for chunk in self.contents.chunks():
            documents = {document.pk: document for document in chunk}
            annotations = loaded(self._annotations(documents))
            told = self.provenance.told(annotations) if self.provenance else {}
            for annotation in annotations:
                record = self._record(documents[annotation.document_id], annotation)
                if annotation.pk in told:
                    extras = {**record.extras, PROVENANCE: told[annotation.pk]}
                    record = replace(record, extras=extras)
                yield record

    def _annotations(self, documents: Any) -> QuerySet[Annotation]:
        told = Annotation.objects.filter(document__in=documents, state__in=TOLD)
        return told.filter(self.only)

    def _record(self, document: Document, annotation: Annotation) -> Record:
        name = annotation.annotator.username if annotation.annotator else None
        called = document.external_id or f"#{document.pk}"
        own_id = f"{called}/{name or IMPORTED}"
        answers = self._answers(annotation)
        missing = [name for name in self.required if answers and name not in answers]
        return Record(
            external_id=own_id if len(own_id) <= LONGEST_ID else "",
            texts=document.texts,
            meta=document.meta,
            split=document.split,
            answers=answers,
            unresolved=dict.fromkeys(missing, ()),
            extras=self._extras(called, name, annotation),
        )

    def _answers(self, annotation: Annotation) -> dict[str, Said]:
        """What stands; of a skipped or withdrawn one nothing does."""
        if annotation.state != AnnotationState.SUBMITTED:
            return {}
        questions = self.contents.questions
        asked = [pk for pk in questions if pk in annotation.answered_questions]
        rows = list(annotation.answers.all())
        return {questions[pk].name: said(rows, questions[pk], self.names) for pk in asked}

    def _extras(self, called: str, name: str | None, annotation: Annotation) -> dict[str, Any]:
        event, at = annotation.last_event, annotation.finished_at
        guideline = event.guideline if event else None
        return {
            "document": called,
            "annotator": name,
            "state": annotation.state,
            "surplus": annotation.surplus,
            "answered_at": at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None,
            "guideline": guideline.number if guideline else None,
            "active_ms": annotation.active_ms,
        }


def with_columns(contents: Contents, columns: Collection[str]) -> Iterator[Record]:
    """The documents with their resolved answers, and what these columns tell beside them.

    `PROVENANCE`: how each counted answer came about; `MODEL_ANSWERS`: what a model says instead.
    """
    provenance, models = Provenance(contents.project), ModelAnswers(contents.project)
    for chunk in contents.chunks():
        pks = [document.pk for document in chunk]
        told: dict[str, Mapping[int, list[dict[str, Any]]]] = {}
        if PROVENANCE in columns:
            told[PROVENANCE] = _provenance_of(provenance, pks)
        if MODEL_ANSWERS in columns:
            told[MODEL_ANSWERS] = models.told(pks)
        for document, record in zip(chunk, contents.records_of(chunk), strict=True):
            extras = {column: told[column].get(document.pk, []) for column in columns}
            yield replace(record, extras=extras)


def _provenance_of(
    provenance: Provenance, documents: Collection[int]
) -> dict[int, list[dict[str, Any]]]:
    counted: dict[int, list[dict[str, Any]]] = {}
    annotations = loaded(Annotation.objects.counted().filter(document__in=documents))
    told = provenance.told(annotations)
    for annotation in annotations:
        name = annotation.annotator.username if annotation.annotator else None
        facts = {"annotator": name, **told[annotation.pk]}
        counted.setdefault(annotation.document_id, []).append(facts)
    return counted


def loaded(annotations: QuerySet[Annotation]) -> Sequence[Annotation]:
    """With everything that is told of them, in the order of documents. Two queries."""
    answers = Prefetch("answers", Answer.objects.exclude(label=None).order_by("start", "pk"))
    related = annotations.select_related("annotator", "last_event__guideline", "last_event__actor")
    return list(related.prefetch_related(answers).order_by("document", "pk"))


def said(rows: Sequence[Answer], question: Question, names: Mapping[int, str]) -> Said:
    """One person's answer to one question, in the order that files have."""
    picks = [pick_of(row) for row in rows if row.question_id == question.pk]
    labels = sorted(names[pick] for pick in picks if isinstance(pick, int))
    spans = sorted(
        SpanValue(pick.field, pick.start, pick.end, names[pick.label])
        for pick in picks
        if not isinstance(pick, int)
    )
    return (*labels, *spans)
