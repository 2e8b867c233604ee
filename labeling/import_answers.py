from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from labeling.items import Chosen, Items, answer_rows, item_of
from labeling.models import Annotation, AnnotationState, Answer, Event, EventKind, Origin
from projects.models import Document, Project, User


@transaction.atomic
def import_answers(
    *, project: Project, rows: Sequence[tuple[Document, Chosen]], actor: User | None
) -> None:
    """Keep answers that came with a file: one annotation without an annotator per document.

    Call it before the documents are published, once per document.
    """
    now = timezone.now()
    items = [_items(document, chosen) for document, chosen in rows]
    guideline = project.guideline
    events = Event.objects.bulk_create(
        Event(
            project=project,
            document=document,
            actor=actor,
            kind=EventKind.IMPORT,
            client_id=uuid.uuid4(),
            guideline=guideline,
            payload={"answers": {str(question): given for question, given in answers.items()}},
        )
        for (document, _), answers in zip(rows, items, strict=True)
    )
    annotations = Annotation.objects.bulk_create(
        Annotation(
            project=project,
            document=document,
            state=AnnotationState.SUBMITTED,
            answered_questions=sorted(answers),
            last_event=event,
            finished_at=now,
        )
        for (document, _), answers, event in zip(rows, items, events, strict=True)
    )
    Answer.objects.bulk_create(
        row
        for annotation, answers in zip(annotations, items, strict=True)
        for row in answer_rows(annotation, answers)
    )


def _items(document: Document, chosen: Chosen) -> Items:
    return {
        question: [item_of(pick, document.texts, Origin.IMPORTED.value) for pick in picks]
        for question, picks in chosen.items()
    }
