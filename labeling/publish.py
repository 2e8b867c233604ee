from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from labeling.models import Annotation, Slot, SlotState
from labeling.models.slot import slot_for
from projects.changes import announce_change
from projects.models import Document, DocumentState, Project


@transaction.atomic
def publish(*, project: Project, documents: Sequence[Document]) -> None:
    """Put staged documents into the queue: one slot per wanted answer.

    An imported answer fills one of them; a document with no slot left open is done.
    """
    pks = [document.pk for document in documents]
    answered = set(
        Annotation.objects.counted().filter(document__in=pks).values_list("document_id", flat=True)
    )
    slots: list[Slot] = []
    for document in documents:
        wanted = [slot_for(document, project) for _ in range(project.overlap)]
        if document.pk in answered:
            wanted[0].state = SlotState.ANSWERED
        slots += wanted
    Slot.objects.bulk_create(slots)
    done = answered if project.overlap == 1 else set()
    staged = Document.objects.filter(state=DocumentState.STAGED)
    staged.filter(pk__in=done).update(state=DocumentState.DONE)
    staged.filter(pk__in=pks).update(state=DocumentState.OPEN)
    announce_change(project.pk)
