"""A file arrives: keep it, look into it, and start or call off its import."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Mapping_
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from corpus.formats import FORMATS, conll, txt
from corpus.formats.options import checked
from corpus.imports.mapping import Mapping, Names, Pairs
from corpus.models import BadRows, Import, ImportState
from corpus.record import BadFile, Row
from corpus.versions.hashing import CHUNK, HashingWriter
from projects import jobs
from projects.jobs import Tell
from projects.loose_files import loose
from projects.models import USABLE, Job, Project, QuestionKind, User

Options = Mapping_[str, str]
PREVIEW_ROWS = 20
TEXT_ALONE, TEXT_AND_TAGS = (txt.COLUMN,), (conll.TEXT, conll.TAGS)
"""Columns that every file of a format has: the first text, and spans for the first question."""

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
    with tempfile.TemporaryFile(dir=settings.DATA_DIR) as kept:
        writer = HashingWriter(cast("BinaryIO", kept))
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
        name = received.file.field.generate_filename(received, "")
        with loose(name):
            received.file.name = received.file.storage.save(name, File(kept))
            received.save()
    return received


def preview(source: Import, options: Options | None = None) -> Preview:
    """What the first rows hold, read with these options. Raises BadFile if not one can be read."""
    rows: list[Row] = []
    chosen = source.options if options is None else options
    with source.file.open("rb") as file:
        try:
            found = FORMATS[source.format].rows(file.file, chosen)
            for row in islice(found, PREVIEW_ROWS):
                rows += [row] if isinstance(row, Row) else []
        except BadFile:
            # An end that is broken is for the report; what stands before it may be wanted.
            if not rows:
                raise
    return Preview(list(dict.fromkeys(column for row in rows for column in row.values)), rows)


def read_as(source: Import, options: Options) -> None:
    """From now on the file is read with these options. Raises BadFile for what is none."""
    source.options = checked(options, FORMATS[source.format].reading)
    Import.objects.filter(pk=source.pk, state=ImportState.READY).update(options=source.options)


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
    names = names_of(source.project)
    usual = {"txt": TEXT_ALONE, "txt-file": TEXT_ALONE, "conll": TEXT_AND_TAGS}
    given = {word for pair in chosen for word in pair}
    for column in usual.get(source.format, ()):
        places = names.spans if column == conll.TAGS else names.text_fields
        if places and given.isdisjoint((places[0], column)) and column not in names.questions:
            chosen.append((places[0], column))
    return Mapping(names, chosen)


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
    options: Options | None = None,
    create_labels: bool = False,
    on_bad_rows: BadRows = BadRows.KEEP_GOOD,
    created_by: User | None = None,
    here: Tell | None = None,
) -> None:
    """Import the file by a job. Raises BadMapping or BadFile; starting twice starts once.

    `options`: of the format, by name; without any, those that the import has.

    `here`: run the job now and in this process, and report progress to this function. Should
    the process die, a worker finishes the job.
    """
    mapping_of(source, pairs)
    chosen = checked(source.options if options is None else options, FORMATS[source.format].reading)
    with transaction.atomic():
        ours = Import.objects.filter(pk=source.pk, state=ImportState.READY).update(
            mapping=list(pairs),
            options=chosen,
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
