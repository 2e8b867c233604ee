from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from labeling.items import Chosen
from labeling.models import Draft
from labeling.submit import sent_before
from projects.models import Document, User


def save_draft(
    *, document: Document, annotator: User, client_id: UUID, sequence: int, chosen: Chosen
) -> bool:
    """Keep what a person has chosen so far; False when it came too late to matter.

    A draft of an answer that was submitted already, or older than the one kept, changes nothing.
    """
    if sent_before(annotator, client_id):
        return False
    payload = {str(question): list(picks) for question, picks in chosen.items()}
    newest = {"client_id": client_id, "sequence": sequence, "payload": payload}
    mine = Draft.objects.filter(document=document, annotator=annotator)
    older = mine.filter(~Q(client_id=client_id) | Q(sequence__lt=sequence))
    if older.update(**newest):
        return True
    try:
        with transaction.atomic():
            Draft.objects.create(document=document, annotator=annotator, **newest)
    except IntegrityError:
        return False
    return True
