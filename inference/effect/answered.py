"""What people first answered about documents of the reserve: the rows that are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, TextField
from django.db.models.functions import Cast, Length

from inference.effect.table import Answered
from labeling.items import pick_of
from labeling.merged import followed_items, merged_into
from labeling.models import Annotation, EventKind, Exposure
from labeling.models.annotation import FINISHED
from projects.models import Project, Question
from projects.models.document import BLIND_SHARE

MOST_READ = 20_000
"""Answers, the newest; as many again are the exposures."""

Pair = tuple[int, int]
"""Document and annotator."""


def first_answers(question: Question) -> list[Answered]:
    """The newest answers of the reserve's current epoch, in the order they were given.

    Three queries. Withdrawn answers, imported ones and hidden documents are left out.
    """
    events = _first_events(question)
    into = merged_into(question.project)
    said = _said_at_first(question, {event["pair"]: event["created_at"] for event in events})
    answered, before = [], Counter[int]()
    for event in events:
        document, annotator = event["pair"]
        chosen = frozenset(map(pick_of, followed_items(event["chosen"], into)))
        is_skipped = event["kind"] == EventKind.SKIP
        offered = [] if is_skipped else followed_items(said.get(event["pair"], ()), into)
        answered.append(
            Answered(
                document=document,
                annotator=annotator,
                is_open=event["coin"] >= BLIND_SHARE,
                seconds=event["active_ms"] / 1000,
                length=event["length"],
                order=before[annotator],
                is_skipped=is_skipped,
                offered=tuple((item["label"], pick_of(item) in chosen) for item in offered),
            )
        )
        before[annotator] += 1
    return answered


def _first_events(question: Question) -> list[dict[str, Any]]:
    """The first answer or skip of each pair, with the chosen items of the question."""
    project = question.project
    stands = Annotation.objects.filter(
        document=OuterRef("document"), annotator=OuterRef("actor"), state__in=FINISHED
    )
    events = (
        project.events.filter(
            Exists(stands),
            drawn(project),
            kind__in=(EventKind.CREATE, EventKind.SKIP),
            annotator=None,
        )
        .annotate(
            length=Length(Cast("document__texts", TextField())),
            coin=F("document__display_coin"),
            answers=F("payload__answers"),
        )
        .order_by("-pk")
        .values("document", "actor", "kind", "active_ms", "created_at", "length", "coin", "answers")
    )
    first: dict[Pair, dict[str, Any]] = {}
    for event in reversed(events[:MOST_READ]):
        is_skipped = event["kind"] == EventKind.SKIP
        chosen = [] if is_skipped else (event["answers"] or {}).get(str(question.pk))
        if chosen is not None:  # a question may be younger than the answer
            pair = (event["document"], event["actor"])
            first.setdefault(pair, {**event, "pair": pair, "chosen": chosen})
    return list(first.values())


def drawn(project: Project) -> Q:
    """What is about a document that chance put into the reserve, in its current epoch."""
    return Q(
        document__in=project.documents.published().values("pk"),
        document__in_reserve=True,
        document__imported_split="",
        document__reserve_epoch=project.reserve_epoch,
    )


def _said_at_first(
    question: Question, answered_at: Mapping[Pair, datetime]
) -> dict[Pair, Sequence[dict[str, Any]]]:
    """What was offered when the document was opened, which no arm can have changed.

    A suggestion that came after the answer does not count, nor what was withheld in both arms.
    """
    exposures = (
        Exposure.objects.filter(drawn(question.project), question=question)
        .order_by("-created_at")
        .values_list("document", "annotator", "created_at", "items")
    )
    first: dict[Pair, Sequence[dict[str, Any]]] = {}
    for document, annotator, at, items in exposures[:MOST_READ]:
        if at <= answered_at.get((document, annotator), at):
            first[document, annotator] = items
    return {
        pair: [item for item in items if item["offered"] and not item.get("withheld")]
        for pair, items in first.items()
    }
