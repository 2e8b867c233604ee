"""A file arrives: keep it, look into it, and start or call off its import."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from corpus.formats import FORMATS, txt
from corpus.hashing import CHUNK, HashingWriter
from corpus.mapping import Mapping, Names, Pairs
from corpus.models import BadRows, Import, ImportState
from corpus.record import BadFile, Row
from projects import jobs
from projects.jobs import Tell
from projects.models import USABLE, Job, Project, QuestionKind, User

PREVIEW_ROWS = 20
JOB = "import_documents"
DISCARD = "discard_import"


@dataclass(frozen=True, slots=True)
class Preview:
    """The columns of the first rows of a file, in order, and those rows."""

    columns: list[str]
    rows: list[Row]


def receive(
    *,
    project: Project,
    file: BinaryIO,
    file_name: str,
    format: str,  # noqa: A002 - what it is called everywhere
    uploaded_by: User | None = None,
) -> Import:
    """Copy and hash a file. Nothing is checked or read until the import starts."""
    with tempfile.NamedTemporaryFile(dir=settings.DATA_DIR) as kept:
        writer = HashingWriter(kept)  # type: ignore[arg-type]
        while chunk := file.read(CHUNK):
            writer.write(chunk)
        kept.seek(0)
        received = Import(
            project=project,
            file_name=file_name[-255:],
            sha256=writer.hexdigest(),
            size=writer.size,
            format=format,
            uploaded_by=uploaded_by,
        )
        received.file.save("", File(kept), save=False)
    received.save()
    return received


def preview(source: Import) -> Preview:
    """What the first rows hold. Raises BadFile if not one can be read."""
    rows: list[Row] = []
    with source.file.open("rb") as file:
        try:
            for row in islice(FORMATS[source.format].read(file.file), PREVIEW_ROWS):
                rows += [row] if isinstance(row, Row) else []
        except BadFile:
            # An end that is broken is for the report; what stands before it may be wanted.
            if not rows:
                raise
    return Preview(list(dict.fromkeys(column for row in rows for column in row.values)), rows)


def names_of(project: Project) -> Names:
    """What columns can mean in this project."""
    kinds = dict(project.questions.values_list("name", "kind"))
    return Names(
        text_fields=tuple(project.text_fields),
        questions=tuple(name for name, kind in kinds.items() if kind in USABLE),
        other_questions=tuple(name for name, kind in kinds.items() if kind not in USABLE),
        spans=tuple(name for name, kind in kinds.items() if kind == QuestionKind.SPAN),
    )


def mapping_of(source: Import, pairs: Iterable[Sequence[str]] | None = None) -> Mapping:
    """What the file's columns mean: as chosen for the import, or by these pairs.

    Raises BadMapping.
    """
    chosen = [(target, column) for target, column in (source.mapping if pairs is None else pairs)]
    first = source.project.text_fields[0]
    if source.format.startswith("txt") and first not in {target for target, _ in chosen}:
        chosen.append((first, txt.COLUMN))
    return Mapping(names_of(source.project), chosen)


def imported_before(source: Import) -> Import | None:
    """The last import of the same bytes that brought, or is bringing, documents to the project."""
    under_way = Q(state__in=[ImportState.STAGING, ImportState.PUBLISHING])
    brought = Q(state=ImportState.DONE, documents__gt=0)
    same = source.project.imports.filter(under_way | brought, sha256=source.sha256)
    return same.exclude(pk=source.pk).first()


def start(
    source: Import,
    *,
    pairs: Pairs = (),
    create_labels: bool = False,
    on_bad_rows: BadRows = BadRows.KEEP_GOOD,
    created_by: User | None = None,
    here: Tell | None = None,
) -> None:
    """Import the file by a job. Raises BadMapping; starting twice starts once.

    `here`: run the job now and in this process, and report progress to this function. Should
    the process die, a worker finishes the job.
    """
    mapping_of(source, pairs)
    with transaction.atomic():
        ours = Import.objects.filter(pk=source.pk, state=ImportState.READY).update(
            mapping=list(pairs),
            create_labels=create_labels,
            on_bad_rows=on_bad_rows,
            state=ImportState.STAGING,
        )
        if ours:
            job = jobs.add(
                project=source.project,
                kind=JOB,
                params={"import": source.pk},
                created_by=created_by,
            )
            Import.objects.filter(pk=source.pk).update(job=job)
            if here is None:
                jobs.dispatch(job)
    if ours and here:
        jobs.run_here(job, here)
    source.refresh_from_db()


def discard(source: Import, *, created_by: User | None = None) -> Job | None:
    """Call off an import that waits, or take back what a stranded one has staged (by a job)."""
    if source.state == ImportState.READY:
        end(source, ImportState.CANCELLED)
        return None
    if not source.is_stranded:
        return None
    params = {"import": source.pk}
    return jobs.enqueue(project=source.project, kind=DISCARD, params=params, created_by=created_by)


def end(source: Import, state: ImportState) -> None:
    """The import is over; its file is not needed any more."""
    source.state = state
    source.finished_at = timezone.now()
    source.save(update_fields=["state", "finished_at"])
    if source.file:
        source.file.delete(save=False)
        source.save(update_fields=["file"])
