"""Erasing one document for good: from the tables, from frozen datasets, from files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q, QuerySet

from corpus.exports.exporting import JOB as EXPORT
from corpus.models import DatasetVersion, Export, ImportProblem, StagedAnswers
from corpus.versions.freeze import JOB as FREEZE
from corpus.versions.redact import issue, redacted, versions_holding
from labeling.models import Annotation, Draft, Event, EventKind
from labeling.redact import redact
from labeling.submit import sent_before
from projects.changes import announce_change
from projects.loose_files import loose
from projects.models import Document, DocumentState, Project, User

CHUNK = 500
NEEDLE = 30
"""Characters of a text by which a row that came with a file is known again."""

Eraser = Callable[[Document], None]
erasers: list[Eraser] = []


class CannotErase(Exception):
    """The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """What goes with the document."""

    answers: int
    drafts: int
    versions: list[DatasetVersion]
    exports: int
    same_text: int


def also_erases(eraser: Eraser) -> Eraser:
    """Call this with each document that is erased, in the same transaction, while it still has
    its text. So rooms to the right take out what they keep.
    """
    erasers.append(eraser)
    return eraser


def consequences_of(document: Document) -> Consequences:
    held = versions_holding(document)
    same = document.project.documents.filter(text_hash=document.text_hash)
    return Consequences(
        answers=Annotation.objects.submitted().filter(document=document).count(),
        drafts=Draft.objects.filter(document=document).count(),
        versions=held,
        exports=_exports_with(document, held).count(),
        same_text=same.exclude(pk=document.pk).exclude(state=DocumentState.ERASED).count(),
    )


def erase(*, document: Document, owner: User, reason: str, client_id: UUID) -> Event:
    """Remove a document's text and all that quotes it; a tombstone without words stays.

    Dataset versions that held it lose their file and get a successor without it, exports that
    may hold it lose theirs. The same client id twice erases once. Raises CannotErase.
    """
    before = sent_before(owner, client_id)
    if before is not None:
        return before
    project = document.project
    held = versions_holding(document)
    newest = _newest_number(project)
    with ExitStack() as stack:
        # Large files are read before the transaction, so that nobody waits for them.
        ready = [stack.enter_context(redacted(version, document, owner)) for version in held]
        with transaction.atomic():
            locked = _locked(document)
            if _newest_number(project) != newest:
                raise CannotErase("A dataset was frozen just now. Try again.")
            for each in ready:
                issue(each, reason=reason)
            stack.enter_context(loose(*_remove_exports(_exports_with(locked, held))))
            _forget_rows(locked)
            _forget_log(locked)
            for eraser in erasers:
                eraser(locked)
            redact(locked)
            announce_change(project.pk)
            return Event.objects.create(
                project=project,
                document=locked,
                actor=owner,
                kind=EventKind.ERASE,
                client_id=client_id,
                payload={"reason": reason},
            )


def _locked(document: Document) -> Document:
    """The document, locked. Raises CannotErase where it is gone, or a file is being written."""
    locked = Document.objects.select_for_update(no_key=True, of=("self",)).get(pk=document.pk)
    if locked.state in {DocumentState.ERASED, DocumentState.STAGED}:
        raise CannotErase("This document is erased already, or still being imported.")
    writing = locked.project.jobs.unfinished().filter(kind__in=[EXPORT, FREEZE])
    if writing.exists():
        raise CannotErase(
            "An export or a dataset is being written now and may hold this document. "
            "Wait until it has ended, or cancel it under Jobs."
        )
    return locked


def _newest_number(project: Project) -> int:
    return project.dataset_versions.values_list("number", flat=True).first() or 0


def _exports_with(document: Document, held: Iterable[DatasetVersion]) -> QuerySet[Export, Export]:
    """The finished files that may hold the document."""
    later = Q(dataset=None, finished_at__gte=document.created_at)
    of_versions = Q(dataset__in=[version.pk for version in held])
    exports = Export.objects.filter(project=document.project_id).exclude(file="")
    return exports.filter(later | of_versions)


def _remove_exports(exports: QuerySet[Export, Export]) -> list[str]:
    """Without its file a finished export says that it held what was erased; the files' names."""
    names = {export.pk: str(export.file.name) for export in exports}
    Export.objects.filter(pk__in=names).update(file="", unsaid=[], unsaid_count=0)
    return list(names.values())


def _forget_rows(document: Document) -> None:
    """What imports keep: predictions, staged answers, and the row as it came, in reports."""
    document.imported_predictions.all().delete()
    StagedAnswers.objects.filter(document=document).delete()
    needles = _needles(document)
    problems = ImportProblem.objects.filter(source__project=document.project_id).exclude(raw="")
    quoting = [
        pk
        for pk, raw, message in problems.values_list("pk", "raw", "message").iterator(CHUNK)
        if any(needle in raw or needle in message for needle in needles)
    ]
    for start in range(0, len(quoting), CHUNK):
        ImportProblem.objects.filter(pk__in=quoting[start : start + CHUNK]).update(
            raw="", message="This row held a document that was erased.", remedy=""
        )


def _forget_log(document: Document) -> None:
    """The admin's own log names what it was about."""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Document), object_id=str(document.pk)
    )
    entries.update(object_repr="An erased document", change_message="")


def _needles(document: Document) -> set[str]:
    """How the beginnings of its texts look in files: plain, in CSV, in JSON."""
    heads = {text[:NEEDLE] for text in document.texts.values() if text.strip()}
    return {
        form
        for head in heads
        for form in (
            head,
            head.replace('"', '""'),
            json.dumps(head)[1:-1],
            json.dumps(head, ensure_ascii=False)[1:-1],
        )
    }
