"""Datasets go out as files: a project as it stands, or a dataset version."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, astuple, dataclass, field, replace
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils import timezone

from corpus.cells import spreadsheet_safe
from corpus.exports.contents import of_dataset, of_project
from corpus.exports.filters import kept
from corpus.exports.options import CannotExport, Options, check, check_names, options_of
from corpus.formats import WRITERS
from corpus.models import DatasetVersion, Export
from corpus.record import BadFile, Record, Unsaid
from corpus.versions.hashing import HashingWriter
from projects import jobs
from projects.jobs import JobRun
from projects.loose_files import loose
from projects.models import Project, User

JOB = "export_documents"
Tell = Callable[[int, int], None]
STEP = 200
MOST_UNSAID = 10_000
"""Of what a format could not say, this much is kept by name; all of it is counted."""


@dataclass(slots=True)
class Written:
    """How much was written, and what the format could not say."""

    documents: int = 0
    unsaid_count: int = 0
    unsaid: list[Unsaid] = field(default_factory=list)

    def note(self, unsaid: Unsaid) -> None:
        self.unsaid_count += 1
        if len(self.unsaid) < MOST_UNSAID:
            self.unsaid.append(unsaid)


def request_export(
    *,
    project: Project,
    options: Options,
    dataset: DatasetVersion | None = None,
    created_by: User | None = None,
) -> Export:
    """Have a worker write the file. Raises CannotExport."""
    wanted = check(options, project, dataset)
    with transaction.atomic():
        export = Export.objects.create(
            project=project,
            dataset=dataset,
            created_by=created_by,
            **{name: getattr(wanted, name) for name in Options.__slots__},
        )
        params = {"export": export.pk}
        job = jobs.add(project=project, kind=JOB, params=params, created_by=created_by)
        Export.objects.filter(pk=export.pk).update(job=job)
        jobs.dispatch(job)
    export.refresh_from_db()
    return export


def run_export(export: Export, run: JobRun) -> dict[str, Any]:
    """Write the export's file; a run that died left nothing to go on from, or all of it.

    Raises CannotExport.
    """
    if export.file:
        return _told(export.documents, export.unsaid_count)

    def tell(done: int, total: int) -> None:
        run.raise_if_cancelled()
        run.progress(done, total)

    with tempfile.TemporaryFile(dir=settings.DATA_DIR) as file:
        out = HashingWriter(cast("BinaryIO", file))
        written = write_export(
            out,  # type: ignore[arg-type]
            project=export.project,
            dataset=export.dataset,
            options=options_of(export),
            tell=tell,
        )
        file.seek(0)
        name = export.file.field.generate_filename(export, "")
        with loose(name):
            export.file.name = export.file.storage.save(name, File(file))
            note_result(export, written, out)
    return _told(written.documents, written.unsaid_count)


def _told(documents: int, unsaid: int) -> dict[str, Any]:
    return {"Documents": documents} | ({"Could not be said": unsaid} if unsaid else {})


def note_result(export: Export, written: Written, out: HashingWriter) -> None:
    """Note what was written, unless the export was deleted meanwhile."""
    Export.objects.filter(pk=export.pk).update(
        documents=written.documents,
        unsaid_count=written.unsaid_count,
        unsaid=[asdict(each) for each in written.unsaid],
        file=export.file.name,
        sha256=out.hexdigest(),
        size=out.size,
        finished_at=timezone.now(),
    )


def write_export(
    out: BinaryIO,
    *,
    project: Project,
    options: Options,
    dataset: DatasetVersion | None = None,
    tell: Tell | None = None,
) -> Written:
    """Write the documents and answers that are asked for. Raises CannotExport, DatasetDamaged.

    `tell` is called now and then with how many are written, and of how many.
    """
    options = check(options, project, dataset)
    written = Written()
    with ExitStack() as stack:
        if dataset is None:
            going = of_project(project, options)
        else:
            going = stack.enter_context(of_dataset(dataset, options))
        check_names(going.layout)
        layout = replace(
            going.layout,
            split=options.with_splits,
            spreadsheet_safe=options.spreadsheet_safe,
            options=options.options,
            unsaid=written.note,
        )
        try:
            passing = told(going.records, going.total, tell)
            records = kept(passing, options.filters, frozen=dataset is not None)
            written.documents = WRITERS[options.format](records, layout, out)
        except BadFile as bad:
            raise CannotExport(f"{bad.problem.message} {bad.problem.remedy}") from bad
    return written


def unsaid_lines(unsaid: Iterable[Unsaid]) -> Iterator[str]:
    """What a format could not say as lines of a CSV that a spreadsheet may open."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for cells in (("document", "item", "reason"), *map(astuple, unsaid)):
        writer.writerow(map(spreadsheet_safe, cells))
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def told(records: Iterable[Record], total: int, tell: Tell | None) -> Iterator[Record]:
    """The same records, with somebody told how many have passed."""
    for done, record in enumerate(records, 1):
        yield record
        if tell and (done % STEP == 0 or done == total):
            tell(done, total)


def delete_export(export: Export) -> None:
    """Forget an export and its file; one that is being written is stopped."""
    if export.job and not export.job.is_finished:
        jobs.cancel(export.job)
    # A run that is about to end finds no row any more, and its file goes as well.
    with loose(*filter(None, [export.file.name])):
        export.delete()
