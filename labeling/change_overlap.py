"""Another number of answers wanted, for documents that are there already. No answer is lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from labeling.models import Annotation, Slot, SlotState
from labeling.models.slot import slot_for
from projects.models import Document, DocumentState, Project

IN_QUEUE = (DocumentState.OPEN, DocumentState.DONE)
FOLLOWING = (*IN_QUEUE, DocumentState.OWNER, DocumentState.MODEL, DocumentState.DELETED)
"""Their places follow the number wanted, closed ones where nobody is asked for an answer."""


@dataclass(slots=True)
class _Changes:
    """What to write, gathered so that a chunk of documents takes a handful of queries."""

    project: Project
    new: list[Slot] = field(default_factory=list)
    gone: list[Slot] = field(default_factory=list)
    counted: list[Annotation] = field(default_factory=list)
    surplus: list[Annotation] = field(default_factory=list)
    done: list[Document] = field(default_factory=list)
    open: list[Document] = field(default_factory=list)


def change_overlap(*, project: Project, documents: Sequence[Document]) -> None:
    """Give each document as many places as `project.overlap` says. Call it with them locked.

    More: surplus answers come to count, the earliest first, before anybody is asked; a document
    that was done opens again. Fewer: the latest answers become surplus, imported ones last of all;
    of the other places free ones go first. Who works in one that goes can still answer.
    """
    slots: dict[int, list[Slot]] = defaultdict(list)
    for slot in Slot.objects.filter(document__in=documents).order_by("pk"):
        slots[slot.document_id].append(slot)
    answers: dict[int, list[Annotation]] = defaultdict(list)
    for annotation in _answers(documents):
        answers[annotation.document_id].append(annotation)
    changes = _Changes(project)
    for document in documents:
        if document.state in FOLLOWING:
            _follow(document, slots[document.pk], answers[document.pk], changes)
    _write(changes)


def _answers(documents: Sequence[Document]) -> list[Annotation]:
    """Those that count first, then surplus; imported before given, early before late."""
    given = Annotation.objects.submitted().filter(document__in=documents)
    rows = given.only("document", "annotator", "surplus", "finished_at").order_by(
        "finished_at", "pk"
    )
    return sorted(rows, key=lambda row: (row.surplus, row.annotator_id is not None))


def _follow(
    document: Document,
    slots: Sequence[Slot],
    answers: Sequence[Annotation],
    changes: _Changes,
) -> None:
    wanted = changes.project.overlap
    for place, annotation in enumerate(answers):
        if annotation.surplus and place < wanted:
            changes.counted.append(annotation)
        elif not annotation.surplus and place >= wanted:
            changes.surplus.append(annotation)
    counting = {annotation.annotator_id for annotation in answers[:wanted]}
    _fill(document, slots, counting, changes)
    room = wanted - len(counting)
    mine = counting - {None}
    waiting = [
        slot for slot in slots if slot.state != SlotState.ANSWERED and slot.annotator_id not in mine
    ]
    waiting.sort(key=lambda slot: (slot.state != SlotState.LEASED, slot.pk))
    changes.gone += waiting[room:]
    free = [slot_for(document, changes.project) for _ in range(room - len(waiting))]
    for slot in free:
        slot.state = SlotState.FREE if document.state in IN_QUEUE else SlotState.CLOSED
    changes.new += free
    if document.state in IN_QUEUE:
        (changes.open if room else changes.done).append(document)


def _fill(
    document: Document,
    slots: Sequence[Slot],
    counting: set[int | None],
    changes: _Changes,
) -> None:
    """One answered place for each answer that counts, and no other place of these people."""
    filled: set[int | None] = set()
    for slot in slots:
        if slot.state == SlotState.ANSWERED and slot.annotator_id in counting - filled:
            filled.add(slot.annotator_id)
        elif slot.state == SlotState.ANSWERED or slot.annotator_id in counting - {None}:
            changes.gone.append(slot)
    for annotator_id in counting - filled:
        slot = slot_for(document, changes.project)
        slot.state, slot.annotator_id = SlotState.ANSWERED, annotator_id
        changes.new.append(slot)


def _write(changes: _Changes) -> None:
    if changes.gone:
        Slot.objects.filter(pk__in=[slot.pk for slot in changes.gone]).delete()
    Slot.objects.bulk_create(changes.new)
    for rows, surplus in ((changes.counted, False), (changes.surplus, True)):
        if rows:
            Annotation.objects.filter(pk__in=[row.pk for row in rows]).update(surplus=surplus)
    for documents, state in (
        (changes.done, DocumentState.DONE),
        (changes.open, DocumentState.OPEN),
    ):
        changed = [document.pk for document in documents if document.state != state]
        if changed:
            Document.objects.filter(pk__in=changed).update(state=state)
