"""From a document somebody opened to what the model says about it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as made_by
from typing import Any

from django.db import transaction
from django.utils import timezone

from inference import vectors
from inference.choices.heads import Floats
from inference.choices.shared import Outputs
from inference.live import LiveHead
from inference.models import Suggestion
from inference.opening import Needs, Opened, known_of
from inference.spans.heads import SpanHead
from inference.spans.words import Words
from labeling.exposures import SuggestedItem, record_exposures
from labeling.models import Exposure
from projects.access import LABELLERS
from projects.models import Document, Label, Project

AHEAD = 4


@dataclass(frozen=True, slots=True)
class Suggested:
    """What one head said, and the exposure that stands for having said it."""

    head: LiveHead
    items: list[SuggestedItem]
    shown: list[SuggestedItem]
    exposure: uuid.UUID = made_by(default_factory=uuid.uuid4)

    @property
    def looks(self) -> list[tuple[Any, ...]]:
        """What a person would see of it: figures are shown as whole percentages."""
        return [tuple({**item, "score": round(item["score"], 2)}.values()) for item in self.shown]

    def frame(self, document: int) -> dict[str, Any]:
        return {
            "type": "suggestion",
            "document": document,
            "question": self.head.question,
            "exposure": str(self.exposure),
            "model": self.head.model,
            "items": self.shown,
        }


def look_up(
    *, project_id: int, user_id: int, document_id: int, encoder: str, needs: Needs
) -> Opened:
    """The document and what is known of it. Raises Document.DoesNotExist for whoever may not
    label it.
    """
    document = (
        Document.objects.published()
        .filter(
            project=project_id,
            project__deleting_at=None,
            project__memberships__user=user_id,
            project__memberships__role__in=LABELLERS,
        )
        .select_related("project")
        .get(pk=document_id)
    )
    rows = Label.objects.filter(question__project=project_id)
    labels = dict(rows.values_list("pk", "hide_suggestions"))
    return replace(
        known_of(document, encoder, needs),
        labels=frozenset(labels),
        hidden=frozenset(pk for pk, is_hidden in labels.items() if is_hidden),
    )


def coming_up(project: Project, encoder: str, needs: Needs) -> list[Opened]:
    """The documents next in the queue, with what is known of them."""
    free = project.slots.free().order_by("rank", "pk").select_related("document")
    lanes = [free.filter(in_reserve=lane)[:AHEAD] for lane in (True, False)]
    documents = {slot.document_id: slot.document for lane in lanes for slot in lane}
    for document in documents.values():
        document.project = project
    keys = [document.text_hash for document in documents.values()]
    vectors.cached(encoder, keys if needs.vector else [])  # into memory, with one query for all
    for _, promoted in needs.promoted:
        vectors.cached(promoted.encoder, keys)
    return [known_of(document, encoder, needs) for document in documents.values()]


def suggest(opened: Opened, heads: Sequence[LiveHead]) -> list[Suggested]:
    """One suggestion a question. A blind document's is computed, and nothing of it is shown."""
    suggested = []
    for head in (opened.speaker(one) for one in heads):
        items = said_by(head, opened)
        if opened.labels is not None:
            items = [item for item in items if item["label"] in opened.labels]
        several = isinstance(head.head, SpanHead) or head.head.multiple
        items = with_withheld(items, opened, several=several)
        shown = [item for item in items if not item.get("withheld")]
        if opened.document.is_blind:
            shown = []
        suggested.append(Suggested(head, items, shown))
    return suggested


def said_by(head: LiveHead, opened: Opened) -> list[SuggestedItem]:
    """All of it, also of labels deleted since. Whose turn it is says `Opened.speaker`."""
    if head.promoted is not None and head.promoted.is_remote:
        return list((opened.recorded or {})[head.question])
    words = opened.words_for(head.question)
    outputs = (opened.outputs or {}).get(head.question)
    return items_of(head, opened.vector, opened.document.fields(), words, outputs=outputs)


def with_withheld(
    items: Sequence[SuggestedItem], opened: Opened, *, several: bool
) -> list[SuggestedItem]:
    """Mark what nobody is to see: labels that are hidden, and what is less probable than wanted.

    Where only one label can be right, all of them go with the first: the second would look like
    what the model thinks. It is marked in both arms of the reserve, so that they stay comparable.
    """
    least = opened.document.project.suggest_from or 0.0
    unlikely = [item["score"] < least for item in items]
    if not several:
        first = bool(items) and (unlikely[0] or items[0]["label"] in opened.hidden)
        unlikely = [first] * len(items)
    return [
        {**item, "withheld": True} if is_unlikely or item["label"] in opened.hidden else item
        for item, is_unlikely in zip(items, unlikely, strict=True)
    ]


def items_of(
    head: LiveHead,
    vector: Floats | None,
    fields: Sequence[tuple[str, str]],
    words: Mapping[str, Words],
    *,
    outputs: Floats | None = None,
) -> list[SuggestedItem]:
    """Labels, best first; or spans, field by field, in the order of the text.

    `outputs` (columns,): what a promoted version says of the text.
    """
    if isinstance(head.head, SpanHead):
        return [
            {
                "label": head.labels[one.column],
                "score": round(one.score, 4),
                "offered": one.offered,
                "field": field,
                "start": one.start,
                "end": one.end,
            }
            for field, text in fields
            for one in head.head.suggest(text, words[text])
        ]
    if vector is None:
        return []
    return [
        {"label": head.labels[column], "score": round(score, 4), "offered": offered}
        for column, score, offered in head.head.suggest(vector, _promoted(head, outputs))
    ]


def _promoted(head: LiveHead, outputs: Floats | None) -> Floats | None:
    """(C,) probabilities that the promoted version gives the labels of a choice head."""
    if head.promoted is None or outputs is None or isinstance(head.head, SpanHead):
        return None
    if head.head.share is None:
        return None
    said = Outputs(outputs[None], head.promoted.columns, head.labels, head.head.multiple)
    shares: Floats = said.probabilities(head.head.share.slope)[0]
    return shares


def first_label(items: Sequence[SuggestedItem]) -> int | None:
    """What a suggestion is found by; None where nothing was said."""
    return items[0]["label"] if items else None


def certainty(items: Sequence[SuggestedItem]) -> float | None:
    """The best label's score; of spans the least certain one's. None where nothing was said."""
    if not items:
        return None
    return min(one["score"] for one in items) if "field" in items[0] else items[0]["score"]


def _labels_there_are(suggested: Sequence[Suggested]) -> set[int]:
    """Of those said first: one may have been deleted since the document was looked up."""
    first = {one.items[0]["label"] for one in suggested if one.items}
    return set(Label.objects.filter(pk__in=first).values_list("pk", flat=True)) if first else set()


@transaction.atomic
def store(*, opened: Opened, user_id: int, suggested: Sequence[Suggested]) -> None:
    """Keep what was suggested, also where it was hidden, and what this person was sent."""
    document, now, labels = opened.document, timezone.now(), _labels_there_are(suggested)
    if opened.fresh is not None:
        vectors.keep(opened.encoder, {document.text_hash: opened.fresh})
    for one in suggested:
        outputs = (opened.outputs or {}).get(one.head.question)
        if one.head.promoted is not None and outputs is not None and not document.is_blind:
            # The live head's share is chosen on what both say of texts that are answered later.
            vectors.keep(one.head.promoted.encoder, {document.text_hash: outputs})
    Suggestion.objects.bulk_create(
        (
            Suggestion(
                document=document,
                question_id=one.head.question,
                model_version_id=one.head.model_version,
                version=one.head.version,
                items=one.items,
                label_id=label if (label := first_label(one.items)) in labels else None,
                score=certainty(one.items),
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
