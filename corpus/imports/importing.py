"""An import from its file to the queue: read and staged whole, then published."""

from __future__ import annotations

from typing import Any

from corpus.imports.publishing import publish_all
from corpus.imports.receiving import end
from corpus.imports.staging import Staging
from corpus.models import Import, ImportState
from projects.jobs import JobCancelled, JobError, JobRun
from projects.models import Document, DocumentState

DELETE_ROWS = 200


def run_import(source: Import, run: JobRun) -> dict[str, Any]:
    """Import the file, going on where an earlier run stopped. Returns what came of it."""
    if source.state == ImportState.STAGING:
        try:
            Staging(source, run).run()
        except JobCancelled:
            call_off(source, run)
            raise
        source.refresh_from_db()
    if source.state == ImportState.STAGING:
        unstage(source, run)
        end(source, ImportState.REFUSED)
    if source.state == ImportState.PUBLISHING:
        publish_all(source, run)
        end(source, ImportState.DONE)
    if source.state == ImportState.CANCELLED:
        raise JobError("This import was called off. Upload the file again.")
    return {
        "Documents": source.documents,
        "With answers": source.answers,
        "New labels": source.labels_created,
        "Bad rows": source.rows_bad,
    }


def call_off(source: Import, run: JobRun) -> None:
    """Take back what was staged. What is in the queue already stays there."""
    if source.state == ImportState.STAGING:
        unstage(source, run)
        end(source, ImportState.CANCELLED)


def unstage(source: Import, run: JobRun) -> None:
    """Delete what an import has staged, with its answers."""
    staged = source.project.documents.filter(batch=source.batch, state=DocumentState.STAGED)
    while pks := list(staged.values_list("pk", flat=True)[:DELETE_ROWS]):
        Document.objects.filter(pk__in=pks).delete()
        run.progress(source.rows_read, message="Taking back what was read")
    source.documents = source.answers = 0
    source.save(update_fields=["documents", "answers"])
