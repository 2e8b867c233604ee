"""Answered documents that a model may learn from, remembered between fits, so that one answer more
costs one document more and not all of them again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Max

from labeling.models import Annotation, EventKind
from labeling.resolved import Picks, disputed_answers, resolved_answers
from projects.models import Document, Project
from projects.models.document import blind

MOST_ANSWERS = 2000
MOST_PROJECTS = 20
REMOVALS = (
    EventKind.DELETE,
    EventKind.RESTORE,
    EventKind.ERASE,
    EventKind.MERGE,
    EventKind.WITHDRAW,
)
"""What takes away from what there is to learn from, or brings it back."""

Given = frozenset[tuple[int, int | None]]
"""The answers of one document that count: each annotation with its last event."""


class Known(NamedTuple):
    """A document as of some answers, how they resolve, and what else was chosen; None where
    nothing may be learned.
    """

    given: Given
    document: Document | None
    picks: Mapping[int, Picks]
    disputed: Mapping[int, Picks]


_memory: dict[int, tuple[Any, dict[int, Known]]] = {}


def answered(project: Project) -> tuple[dict[int, Document], dict[int, Mapping[int, Picks]]]:
    """Answered documents that are not blind, the newest first, and their resolved answers."""
    given, shape = _given(project), _shape(project)
    before, known = _memory.get(project.pk, (None, {}))
    kept = {pk: one for pk, one in known.items() if before == shape and given.get(pk) == one.given}
    fresh = _read(project, {pk: of for pk, of in given.items() if pk not in kept})
    known = {pk: kept.get(pk) or fresh[pk] for pk in given}
    if len(_memory) >= MOST_PROJECTS:
        _memory.clear()
    _memory[project.pk] = (shape, known)
    documents = {pk: one.document for pk, one in known.items() if one.document is not None}
    for document in documents.values():
        document.project = project
    return documents, {pk: known[pk].picks for pk in documents}


def disputed(project: Project) -> dict[int, Mapping[int, Picks]]:
    """Of the documents last `answered`: what somebody chose and the resolved answer lacks."""
    _, known = _memory.get(project.pk, (None, {}))
    return {pk: one.disputed for pk, one in known.items() if one.disputed}


def forget_all() -> None:
    _memory.clear()


def last_removal(project: Project) -> int:
    """The last event that took documents or labels away, or brought them back; 0 for none.

    Of blind documents nothing was learned that could be taken away.
    """
    removals = project.events.filter(kind__in=REMOVALS).exclude(blind("document__"))
    return removals.aggregate(last=Max("pk"))["last"] or 0


def surplus(project: Project) -> int:
    """How many answers do not count; another number wanted changes it, and no event."""
    not_counted = Annotation.objects.in_project(project).filter(surplus=True)
    return not_counted.exclude(blind("document__")).count()


def _given(project: Project) -> dict[int, Given]:
    """Document id to the answers that count, of the newest answers, newest first."""
    counted = Annotation.objects.in_project(project).counted()
    newest = counted.exclude(blind("document__")).latest_first()
    given: dict[int, set[tuple[int, int | None]]] = defaultdict(set)
    rows = newest.values_list("document", "pk", "last_event")[:MOST_ANSWERS]
    for document, annotation, event in rows:
        given[document].add((annotation, event))
    return {pk: frozenset(of) for pk, of in given.items()}


def _shape(project: Project) -> tuple[int, int, Any]:
    """While this stays, a document's answers say the same as long as they are the same."""
    questions = project.questions.order_by("pk").values_list("pk", "kind", "multiple")
    return last_removal(project), surplus(project), tuple(questions)


def _read(project: Project, given: Mapping[int, Given]) -> dict[int, Known]:
    rows = project.documents.published().in_bulk(list(given))
    open_to_us = {pk: row for pk, row in rows.items() if not row.is_blind}
    picks = resolved_answers(project, open_to_us.keys()) if open_to_us else {}
    by_several = {pk: of for pk, of in picks.items() if len(given[pk]) > 1}
    others = disputed_answers(project, by_several) if by_several else {}
    return {
        pk: Known(of, open_to_us.get(pk), picks.get(pk, {}), others.get(pk, {}))
        for pk, of in given.items()
    }
