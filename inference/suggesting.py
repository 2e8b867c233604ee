"""From a document somebody opened to what the model says about it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from inference import vectors
from inference.heads import Floats
from inference.live import LiveHead
from inference.models import Suggestion
from labeling.exposures import SuggestedItem, record_exposures
from labeling.models import Exposure
from projects.access import LABELLERS
from projects.models import Document, Project

AHEAD = 4


@dataclass(frozen=True, slots=True)
class Opened:
    """A document somebody may label, with its vector: known before, or fresh and to be kept."""

    document: Document
    encoder: str
    vector: Floats | None
    fresh: Floats | None = None


@dataclass(frozen=True, slots=True)
class Suggested:
    """What one head said, and the exposure that stands for having said it."""

    head: LiveHead
    items: list[SuggestedItem]
    shown: list[SuggestedItem]
    exposure: uuid.UUID = field(default_factory=uuid.uuid4)

    def frame(self, document: int) -> dict[str, Any]:
        return {
            "type": "suggestion",
            "document": document,
            "question": self.head.question,
            "exposure": str(self.exposure),
            "model": {"name": self.head.name, "version": self.head.version},
            "items": self.shown,
        }


def look_up(*, project_id: int, user_id: int, document_id: int, encoder: str) -> Opened:
    """The document and its vector. Raises Document.DoesNotExist for whoever may not label it."""
    document = (
        Document.objects.published()
        .filter(
            project=project_id,
            project__memberships__user=user_id,
            project__memberships__role__in=LABELLERS,
        )
        .select_related("project")
        .get(pk=document_id)
    )
    known = vectors.cached(encoder, [document.text_hash])
    return Opened(document, encoder, known.get(document.text_hash))


def coming_up(project: Project, encoder: str) -> dict[str, str]:
    """{text hash: text} of the documents next in the queue that have no vector yet."""
    free = project.slots.free().order_by("rank", "pk").select_related("document")
    lanes = [free.filter(in_reserve=lane)[:AHEAD] for lane in (True, False)]
    documents = {slot.document.text_hash: slot.document for lane in lanes for slot in lane}
    known = vectors.cached(encoder, documents.keys())
    texts = {}
    for key in documents.keys() - known.keys():
        documents[key].project = project
        texts[key] = documents[key].model_text
    return texts


def suggest(document: Document, vector: Floats, heads: Sequence[LiveHead]) -> list[Suggested]:
    """One suggestion a question. A blind document's is computed, and nothing of it is shown."""
    suggested = []
    for head in heads:
        items: list[SuggestedItem] = [
            {"label": head.labels[column], "score": round(score, 4), "offered": offered}
            for column, score, offered in head.head.suggest(vector)
        ]
        shown = [] if document.is_blind else items
        suggested.append(Suggested(head, items, shown))
    return suggested


@transaction.atomic
def store(*, opened: Opened, user_id: int, suggested: Sequence[Suggested]) -> None:
    """Keep what was suggested, also where it was hidden, and what this person was sent."""
    document, now = opened.document, timezone.now()
    if opened.fresh is not None:
        vectors.keep(opened.encoder, {document.text_hash: opened.fresh})
    Suggestion.objects.bulk_create(
        (
            Suggestion(
                document=document,
                question_id=one.head.question,
                model_version_id=one.head.model_version,
                version=one.head.version,
                items=one.items,
            )
            for one in suggested
        ),
        ignore_conflicts=True,
    )
    record_exposures(
        [
            Exposure(
                id=one.exposure,
                document=document,
                annotator_id=user_id,
                question_id=one.head.question,
                arm=document.arm,
                items=one.items,
                model_version=f"{one.head.name} {one.head.version}",
                sent_at=now if one.shown else None,
            )
            for one in suggested
        ]
    )
