"""What the reserve of the current epoch has answered: the test set, and the whole of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from inference.models import ModelKind, Promotion, Suggestion
from labeling.merged import followed_items, merged_into
from labeling.models import Annotation
from labeling.models.annotation import AnnotationQuerySet
from labeling.resolved import Picks, resolved_answers
from projects.models import Document, Project

MOST_TESTED = 2000
"""Newest first."""
MOST_DRAWN = 5000
CHUNK = 500
TEST = "test"
SUGGESTED = Q(model_version__kind=ModelKind.LIVE) | Exists(
    Promotion.objects.filter(
        model_version=OuterRef("model_version"), created_at__lte=OuterRef("created_at")
    )
)
"""Rows of versions that suggested by then, for people to see or in the blind half."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """An answered document of the reserve: what was suggested before its first answer, by
    question (none: nothing was computed in time), and how many answers the project had by then.
    """

    document: Document
    answers_before: int
    answered: Mapping[int, Picks]
    said: Mapping[int, Sequence[Any]]


def blind_test_documents(project: Project) -> tuple[list[Document], dict[int, dict[int, Picks]]]:
    """Answered blind test documents, the newest first, with their resolved answers."""
    blind = Q(document__in_reserve=True) | Q(document__imported_split=TEST)
    documents = [
        document
        for document in _answered(project, blind, newest_first=True)
        if document.is_blind and document.split == TEST
    ][:MOST_TESTED]
    return documents, _resolved(project, [document.pk for document in documents])


def drawn_reserve(project: Project) -> list[Drawn]:
    """The answered reserve, blind and open, in the order of its first answers.

    Documents that came with an answer are left out: nobody drew them.
    """
    imported = Annotation.objects.in_project(project).filter(annotator=None)
    mine = Q(document__in_reserve=True, document__imported_split="") & ~Q(
        document__in=imported.values("document")
    )
    documents = _answered(project, mine, newest_first=False)[-MOST_DRAWN:]
    answers = _resolved(project, [document.pk for document in documents])
    began = _first_answers(project)
    said = _said_before(project, {document.pk: began[document.pk] for document in documents})
    order = sorted(began.values())
    return [
        Drawn(
            document=document,
            answers_before=bisect_left(order, began[document.pk]),
            answered=answers.get(document.pk, {}),
            said=said.get(document.pk, {}),
        )
        for document in sorted(documents, key=lambda each: began[each.pk])
    ]


def _answered(project: Project, which: Q, *, newest_first: bool) -> list[Document]:
    """Published documents of the epoch with an answer that counts, each once."""
    rows = _counted(project).filter(which, document__reserve_epoch=project.reserve_epoch)
    published = project.documents.published().values("pk")
    rows = rows.filter(document__in=published).select_related("document")
    rows = rows.latest_first() if newest_first else rows.order_by("created_at", "pk")
    documents: dict[int, Document] = {}
    for annotation in rows.iterator(CHUNK):
        document = documents.setdefault(annotation.document_id, annotation.document)
        document.project = project
    return list(documents.values())


def _counted(project: Project) -> AnnotationQuerySet:
    return Annotation.objects.in_project(project).counted()


def _resolved(project: Project, documents: Sequence[int]) -> dict[int, dict[int, Picks]]:
    answers: dict[int, dict[int, Picks]] = {}
    for chunk in chunks(documents):
        answers |= resolved_answers(project, chunk)
    return answers


def _first_answers(project: Project) -> dict[int, datetime]:
    """When each document was first answered, by whoever's answer counts today."""
    began: dict[int, datetime] = {}
    rows = _counted(project).order_by("created_at").values_list("document", "created_at")
    for document, at in rows.iterator(CHUNK):
        began.setdefault(document, at)
    return began


def _said_before(
    project: Project, began: Mapping[int, datetime]
) -> dict[int, dict[int, Sequence[Any]]]:
    """By document and question, what suggested there last before the first answer. What others
    were asked for, to be measured or compared, is no part of how the project learned.
    """
    into = merged_into(project)
    said: dict[int, dict[int, Sequence[Any]]] = {}
    for chunk in chunks(list(began)):
        rows = Suggestion.objects.filter(SUGGESTED, document__in=chunk).order_by("created_at", "pk")
        for document, question, at, items in rows.values_list(
            "document", "question", "created_at", "items"
        ):
            if at <= began[document]:
                said.setdefault(document, {})[question] = followed_items(items, into)
    return said


def chunks(keys: Sequence[int]) -> Iterable[Collection[int]]:
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))
