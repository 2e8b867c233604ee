from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from labeling.models import Annotation, AnnotationState, Answer, Event, EventKind, Origin
from projects.models import Document, Project, User

Chosen = Mapping[int, Sequence[int]]
"""Question id to the label ids chosen; an empty sequence says "none of them"."""


@transaction.atomic
def import_answers(
    *, project: Project, rows: Sequence[tuple[Document, Chosen]], actor: User | None
) -> None:
    """Keep answers that came with a file: one annotation without an annotator per document.

    Call it before the documents are published, once per document.
    """
    now = timezone.now()
    guideline = project.guideline
    events = Event.objects.bulk_create(
        Event(
            project=project,
            document=document,
            actor=actor,
            kind=EventKind.IMPORT,
            client_id=uuid.uuid4(),
            guideline=guideline,
            payload={"answers": {str(q): [_item(pk) for pk in pks] for q, pks in chosen.items()}},
        )
        for document, chosen in rows
    )
    annotations = Annotation.objects.bulk_create(
        Annotation(
            project=project,
            document=document,
            state=AnnotationState.SUBMITTED,
            answered_questions=sorted(chosen),
            last_event=event,
            finished_at=now,
        )
        for (document, chosen), event in zip(rows, events, strict=True)
    )
    Answer.objects.bulk_create(
        Answer(annotation=annotation, question_id=question, label_id=pk, origin=Origin.IMPORTED)
        for annotation, (_, chosen) in zip(annotations, rows, strict=True)
        for question, pks in chosen.items()
        for pk in pks
    )


def _item(label: int) -> dict[str, object]:
    return {"label": label, "origin": Origin.IMPORTED}
