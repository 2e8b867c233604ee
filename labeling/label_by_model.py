"""A model's answers in place of people's: put down, read, and taken back at once.

They lie in a table of their own, so nothing that asks what people said comes upon them. A document
that has one is out of the queue until it is taken back, or until a person answers it after all.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from labeling.exposures import SuggestedItem
from labeling.items import Pick, pick_of
from labeling.merged import followed_items, merged_into
from labeling.models import Annotation, Event, EventKind, ModelAnnotation, Origin, Slot, SlotState
from labeling.models.slot import rank_of
from projects.changes import announce_change
from projects.models import Document, DocumentState, Label, Project, Question, User
from projects.models.document import DocumentQuerySet

CHUNK = 25
"""Documents a transaction."""


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """`picks` empty: none of these."""

    picks: tuple[Pick, ...]
    model_version: str


def waiting_for_anybody(project: Project) -> DocumentQuerySet:
    """Open documents that nobody has answered, skipped, holds, or answered and taken back."""
    held = Slot.objects.leased().filter(document=OuterRef("pk"), leased_until__gte=timezone.now())
    touched = Annotation.objects.filter(document=OuterRef("pk"))
    return project.documents.open().exclude(Exists(held)).exclude(Exists(touched))


@transaction.atomic
def label_by_model(
    *,
    question: Question,
    items: Mapping[int, Sequence[SuggestedItem]],
    model_version: str,
    batch: int,
    actor: User | None,
) -> int:
    """Have a model answer these documents (id to the items it picks); returns how many it did.

    Those that people have begun meanwhile are passed over, so it can be done again. Call it with
    few at a time: it is one transaction.
    """
    project = question.project
    rows = _locked(waiting_for_anybody(project), items)
    ModelAnnotation.objects.bulk_create(
        ModelAnnotation(
            project=project,
            document=row,
            question=question,
            items=_kept(items[row.pk]),
            model_version=model_version,
            batch=batch,
        )
        for row in rows
    )
    payloads = [
        {"batch": batch, **_payload(question.pk, items[row.pk], model_version)} for row in rows
    ]
    _record(rows, payloads, EventKind.MODEL, actor)
    Slot.objects.filter(document__in=rows).exclude(state=SlotState.ANSWERED).update(
        state=SlotState.CLOSED, annotator=None, leased_until=None
    )
    _set_state(rows, DocumentState.MODEL)
    announce_change(project.pk)
    return len(rows)


def take_back(*, project: Project, batch: int, actor: User | None) -> int:
    """Take back some of what a batch labelled; returns how many, 0 once nothing is left.

    The documents are as they were: open, their places free. One transaction, of `CHUNK` documents.
    """
    with transaction.atomic():
        mine = ModelAnnotation.objects.filter(project=project, batch=batch)
        pks = list(mine.order_by("pk").values_list("document", flat=True)[:CHUNK])
        rows = _locked(project.documents.all(), pks)
        _clear(rows, actor)
        open_again = [row for row in rows if row.state == DocumentState.MODEL]
        Slot.objects.filter(document__in=open_again, state=SlotState.CLOSED).update(
            state=SlotState.FREE
        )
        _set_state(open_again, DocumentState.OPEN)
        if rows:
            announce_change(project.pk)
    return len(rows)


def model_answers(
    project: Project, documents: Collection[int]
) -> dict[int, dict[int, ModelAnswer]]:
    """Document id to what a model answers in place of people, by question id.

    Under the labels there are now. Of documents that a model does label; three queries.
    """
    into = merged_into(project)
    labels = set(Label.objects.filter(question__project=project).values_list("pk", flat=True))
    rows = ModelAnnotation.objects.filter(
        project=project, document__in=documents, document__state=DocumentState.MODEL
    )
    found: dict[int, dict[int, ModelAnswer]] = {}
    for row in rows.order_by("pk"):
        picks = [pick_of(item) for item in followed_items(row.items, into) if item["label"]]
        known = tuple(pick for pick in picks if _label_of(pick) in labels)
        if known or not picks:
            answer = ModelAnswer(known, row.model_version)
            found.setdefault(row.document_id, {})[row.question_id] = answer
    return found


@transaction.atomic
def draw(*, project: Project, documents: Collection[int]) -> list[int]:
    """Put documents that chance drew first in the queue, blind from now on; returns which.

    Those that people have begun meanwhile are passed over. Those drawn before are returned as well.
    """
    again = project.documents.filter(pk__in=documents, is_drawn=True)
    drawn = list(again.values_list("pk", flat=True))
    rows = _locked(waiting_for_anybody(project).filter(is_drawn=False), documents)
    for row in rows:
        row.is_drawn = True
        Slot.objects.filter(document=row).update(rank=rank_of(row, project))
    Document.objects.filter(pk__in=[row.pk for row in rows]).update(is_drawn=True)
    announce_change(project.pk)
    return [*drawn, *(row.pk for row in rows)]


def _clear(rows: Sequence[Document], actor: User | None) -> None:
    theirs = ModelAnnotation.objects.filter(document__in=rows)
    versions = dict(theirs.values_list("document", "model_version"))
    payloads = [{"model_version": versions.get(row.pk, "")} for row in rows]
    _record(rows, payloads, EventKind.CLEAR, actor)
    theirs.delete()


def _kept(items: Sequence[SuggestedItem]) -> list[dict[str, Any]]:
    kept = ("label", "score", "field", "start", "end")
    return [{key: value for key, value in item.items() if key in kept} for item in items]


def _payload(question: int, items: Sequence[SuggestedItem], model_version: str) -> dict[str, Any]:
    said = {"origin": Origin.MODEL.value, "model_version": model_version}
    answers = {str(question): [{**item, **said} for item in _kept(items)]}
    return {"model_version": model_version, "answers": answers}


def _label_of(pick: Pick) -> int:
    return pick if isinstance(pick, int) else pick.label


def _record(
    rows: Sequence[Document],
    payloads: Sequence[dict[str, Any]],
    kind: EventKind,
    actor: User | None,
) -> None:
    Event.objects.bulk_create(
        Event(
            project_id=row.project_id,
            document=row,
            actor=actor,
            kind=kind,
            client_id=uuid.uuid4(),
            payload=payload,
        )
        for row, payload in zip(rows, payloads, strict=True)
    )


def _set_state(rows: Sequence[Document], state: DocumentState) -> None:
    Document.objects.filter(pk__in=[row.pk for row in rows]).update(state=state)


def _locked(documents: DocumentQuerySet, pks: Collection[int]) -> list[Document]:
    """Locked first, and then asked: what is given or taken meanwhile comes before this."""
    row_locks = Document.objects.select_for_update(no_key=True).filter(pk__in=list(pks))
    list(row_locks.order_by("pk").values_list("pk", flat=True))
    places = Slot.objects.free().filter(document__in=list(pks)).select_for_update()
    list(places.order_by("pk").values_list("pk", flat=True))
    return list(documents.filter(pk__in=list(pks)).defer("texts", "meta").order_by("pk"))
