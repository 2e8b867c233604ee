"""Two labels become one: every answer moves, and what says the same twice is said once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from labeling.merged import followed_draft, followed_items
from labeling.models import Annotation, Answer, Draft, Event, EventKind, ModelAnnotation
from projects.changes import announce_change
from projects.models import Document, Label, User

JOB = "merge_labels"
CHUNK = 50
MOST_AT_ONCE = 1000
"""Answers that a request moves; beyond that a job does."""
ATTEMPTS = 5

Tell = Callable[[int], None]
"""Called after each chunk with the documents done so far; may raise to stop."""


class CannotMerge(Exception):
    """The message says why."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """What answers hold the label that goes."""

    answers: int
    documents: int
    people: int
    imported: int


def consequences_of(source: Label) -> Consequences:
    annotations = Annotation.objects.filter(answers__label=source)
    return Consequences(
        answers=source.answers.count(),
        documents=annotations.values("document").distinct().count(),
        people=annotations.exclude(annotator=None).values("annotator").distinct().count(),
        imported=annotations.filter(annotator=None).distinct().count(),
    )


def merge_labels(*, source: Label, target: Label, owner: User | None, tell: Tell) -> int:
    """Move every answer of `source` to `target`, then remove `source`; returns the documents.

    Each chunk is a transaction and leaves one MERGE event for each of its documents, so it can be
    stopped anywhere and done again. Answers given meanwhile are moved as well. Raises CannotMerge.
    """
    if source.pk == target.pk or source.question_id != target.question_id:
        raise CannotMerge("Choose another label of the same question.")
    moved = 0
    for _ in range(ATTEMPTS):
        while documents := _next_documents(source):
            moved += _merge_chunk(documents, source, target, owner)
            tell(moved)
        _merge_models_answers(source, target)
        try:
            _remove(source, target)
        except (ProtectedError, IntegrityError):
            continue  # Somebody chose it just now.
        return moved
    raise CannotMerge(f"People keep choosing “{source.name}”. Try again in a moment.")


def _next_documents(source: Label) -> list[int]:
    holding = Document.objects.filter(annotations__answers__label=source)
    return list(holding.order_by("pk").values_list("pk", flat=True).distinct()[:CHUNK])


@transaction.atomic
def _merge_chunk(pks: list[int], source: Label, target: Label, owner: User | None) -> int:
    documents = list(
        Document.objects.select_for_update(no_key=True)
        .filter(pk__in=pks)
        .only("project_id")
        .order_by("pk")
    )
    of_documents = Answer.objects.filter(annotation__document__in=documents)
    stand = set(of_documents.filter(label=target).values_list(*PLACE))
    doubles: list[int] = []
    moves: list[int] = []
    for answer in of_documents.filter(label=source).order_by("pk"):
        place = (answer.annotation_id, answer.field, answer.start, answer.end)
        (doubles if place in stand else moves).append(answer.pk)
        stand.add(place)
    Answer.objects.filter(pk__in=doubles).delete()
    Answer.objects.filter(pk__in=moves).update(label=target)
    Event.objects.bulk_create(_event(document, source, target, owner) for document in documents)
    return len(documents)


def _merge_models_answers(source: Label, target: Label) -> None:
    into = {source.pk: target.pk}
    for row in ModelAnnotation.objects.filter(question=source.question_id).iterator(CHUNK):
        moved = followed_items(row.items, into)
        if moved != row.items:
            ModelAnnotation.objects.filter(pk=row.pk).update(items=moved)


PLACE = ("annotation_id", "field", "start", "end")


def _event(document: Document, source: Label, target: Label, owner: User | None) -> Event:
    return Event(
        project_id=document.project_id,
        document=document,
        actor=owner,
        kind=EventKind.MERGE,
        client_id=uuid.uuid4(),
        payload={
            "question": source.question_id,
            "from": {"id": source.pk, "name": source.name},
            "to": {"id": target.pk, "name": target.name},
        },
    )


@transaction.atomic
def _remove(source: Label, target: Label) -> None:
    """Drafts, and whatever else points at the label, follow; then it goes."""
    into = {source.pk: target.pk}
    drafts = Draft.objects.filter(
        document__project=source.question.project, payload__has_key=str(source.question_id)
    )
    for draft in drafts.iterator(100):
        moved = followed_draft(draft.payload, into)
        Draft.objects.filter(pk=draft.pk, sequence=draft.sequence).update(payload=moved)
    for relation in Label._meta.related_objects:
        if relation.related_model is not Answer:
            every = relation.related_model._base_manager  # noqa: SLF001 - public, documented
            rows = every.filter(**{relation.field.name: source.pk})
            rows.update(**{relation.field.name: target.pk})
    Label.objects.filter(pk=source.pk).delete()
    announce_change(source.question.project_id)
