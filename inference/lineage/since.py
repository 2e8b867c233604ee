"""What became of answers, documents and labels after a model had learned from them."""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, Q

from corpus.models import DatasetVersion
from inference.lineage.graph import Graph
from inference.lineage.standing import PERSON
from inference.models import ModelVersion
from labeling.merged import merged_into
from labeling.models import Annotation
from labeling.models.event import EventQuerySet
from projects.models import DocumentState


def taken_back(events: EventQuerySet) -> dict[str, int]:
    """How many of these answers were withdrawn, or had their document deleted or erased, since.
    An answer that was only changed stays somebody's answer.
    """
    kept = Annotation.objects.submitted().filter(document=OuterRef("document"))
    theirs = kept.filter(annotator=OuterRef("person"))
    imported = Q(person=None) & Exists(kept.filter(annotator=None))
    erased = Q(document__state=DocumentState.ERASED)
    deleted = Q(document__state=DocumentState.DELETED)
    rows = events.order_by().annotate(person=PERSON)
    rows = rows.annotate(stands=Exists(theirs) | imported)
    return rows.aggregate(
        withdrawn=Count("pk", filter=Q(stands=False) & ~erased & ~deleted),
        deleted=Count("pk", filter=deleted),
        erased=Count("pk", filter=erased),
    )


def note_erased(graph: Graph, version: DatasetVersion) -> None:
    """Whoever learned from a document that is erased has learned from it all the same."""
    redaction = version.redactions.select_related("successor").first()
    if redaction is None:
        return
    rest = redaction.successor
    graph.note(
        f"Dataset version {version.number} held a document that was erased since: its files are "
        f"gone{f', and version {rest.number} holds the rest' if rest else ''}. What was trained "
        "from it has seen that document; train again to be rid of it."
    )


def gone_labels(version: ModelVersion) -> int:
    """How many labels a fixed version tells apart that its question has no more."""
    if version.is_live or not isinstance(known := version.parameters.get("labels"), list):
        return 0
    into = merged_into(version.project)
    wanted = {into.get(label, label) for label in known if label}
    now = set(version.question.labels.values_list("pk", flat=True))
    return len(wanted - now)
