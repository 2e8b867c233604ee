"""The second half of an import: what was staged whole goes into the queue, in small steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from corpus.models import Import, ImportedPrediction, StagedAnswers
from labeling.import_answers import import_answers
from labeling.items import Pick
from labeling.publish import publish
from labeling.spans import Span
from projects.jobs import JobCancelled, JobError, JobRun
from projects.models import Document, DocumentState, Label, Project

CHUNK = 50

LabelIds = Mapping[str, tuple[int, Mapping[str, int]]]
"""Question name to its id and the ids of its labels by name."""


def publish_all(source: Import, run: JobRun) -> None:
    """Publish every staged document of the import, with its answers and predictions."""
    create_labels(source, run.checkpoint.get("new_labels", {}))
    ids = label_ids(source.project)
    staged = source.project.documents.filter(batch=source.batch, state=DocumentState.STAGED)
    left = staged.count()
    while documents := list(staged.order_by("pk")[:CHUNK]):
        stop_politely(run)
        with transaction.atomic():
            publish_chunk(source, documents, ids)
            run.save_checkpoint(run.checkpoint)
        left -= len(documents)
        run.progress(source.documents - left, source.documents, "Filling the queue")


@transaction.atomic
def create_labels(source: Import, wanted: Mapping[str, Sequence[str]]) -> None:
    """Make the labels that the file brought, unless they are there by now."""
    created = 0
    for question in source.project.questions.filter(name__in=wanted):
        known = set(question.labels.values_list("name", flat=True))
        last = question.labels.aggregate(last=Max("position"))["last"]
        new = [name for name in wanted[question.name] if name not in known]
        Label.objects.bulk_create(
            Label(question=question, name=name, position=position)
            for position, name in enumerate(new, 0 if last is None else last + 1)
        )
        created += len(new)
    source.labels_created += created
    source.save(update_fields=["labels_created"])


def label_ids(project: Project) -> LabelIds:
    questions = project.questions.usable().prefetch_related("labels")
    return {
        question.name: (question.pk, {label.name: label.pk for label in question.labels.all()})
        for question in questions
    }


def publish_chunk(source: Import, documents: Sequence[Document], ids: LabelIds) -> None:
    staged = StagedAnswers.objects.in_bulk([document.pk for document in documents])
    with_answers = [(doc, staged[doc.pk]) for doc in documents if doc.pk in staged]
    import_answers(
        project=source.project,
        rows=[
            (document, chosen_from(kept.answers, ids))
            for document, kept in with_answers
            if kept.answers
        ],
        actor=source.uploaded_by,
    )
    ImportedPrediction.objects.bulk_create(
        predicted(document, said, ids)
        for document, kept in with_answers
        for said in kept.predictions
    )
    publish(project=source.project, documents=documents)
    StagedAnswers.objects.filter(pk__in=staged).delete()


def chosen_from(answers: Mapping[str, Sequence[Any]], ids: LabelIds) -> dict[int, list[Pick]]:
    """Question id to label ids or spans. Raises JobError."""
    return {
        question_id(ids, name): [_pick(name, item, ids) for item in items]
        for name, items in answers.items()
    }


def _pick(question: str, item: Any, ids: LabelIds) -> Pick:
    """A staged label is its name; a span is a list of its field, start, end and label."""
    if isinstance(item, str):
        return label_id(ids, question, item)
    field, start, end, label = item
    return Span(field, start, end, label_id(ids, question, label))


def predicted(document: Document, said: Mapping[str, Any], ids: LabelIds) -> ImportedPrediction:
    return ImportedPrediction(
        document=document,
        question_id=question_id(ids, said["question"]),
        label_id=label_id(ids, said["question"], said["label"]),
        field=said.get("field", ""),
        start=said.get("start"),
        end=said.get("end"),
        score=said["score"],
        model_name=said["model"],
    )


def question_id(ids: LabelIds, name: str) -> int:
    if name not in ids:
        raise _gone(name)
    return ids[name][0]


def label_id(ids: LabelIds, question: str, label: str) -> int:
    found = ids[question][1].get(label)
    if found is None:
        raise _gone(f"{question}: {label}")
    return found


def _gone(name: str) -> JobError:
    """It was there while the file was read."""
    return JobError(
        f"“{name}” was removed or renamed during the import. Put it back, then run this job again."
    )


def stop_politely(run: JobRun) -> None:
    """Let a stopping worker go. A cancel comes too late: half is in the queue already."""
    try:
        run.raise_if_cancelled()
    except JobCancelled:
        return
