"""Datasets go out as files: a project as it stands, or a dataset version."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils import timezone

from corpus import canonical
from corpus.contents import Contents
from corpus.formats import WRITERS
from corpus.freeze import opened
from corpus.hashing import HashingWriter
from corpus.mapping import RESERVED
from corpus.models import DatasetVersion, Export
from corpus.record import BadFile, Layout, QuestionColumn, Record
from projects import jobs
from projects.jobs import JobRun
from projects.models import Project, QuestionKind, User

JOB = "export_documents"
Tell = Callable[[int, int], None]
STEP = 200


class CannotExport(Exception):
    """The message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    format: str = "csv"
    with_splits: bool = False
    spreadsheet_safe: bool = False


def request_export(
    *,
    project: Project,
    options: Options,
    dataset: DatasetVersion | None = None,
    created_by: User | None = None,
) -> Export:
    """Have a worker write the file."""
    check(options)
    with transaction.atomic():
        export = Export.objects.create(
            project=project,
            dataset=dataset,
            format=options.format,
            with_splits=options.with_splits,
            spreadsheet_safe=options.spreadsheet_safe,
            created_by=created_by,
        )
        params = {"export": export.pk}
        job = jobs.add(project=project, kind=JOB, params=params, created_by=created_by)
        Export.objects.filter(pk=export.pk).update(job=job)
        jobs.dispatch(job)
    export.refresh_from_db()
    return export


def run_export(export: Export, run: JobRun) -> int:
    """Write the export's file; a run that died left nothing to go on from. Raises CannotExport."""
    options = Options(
        format=export.format,
        with_splits=export.with_splits,
        spreadsheet_safe=export.spreadsheet_safe,
    )

    def tell(done: int, total: int) -> None:
        run.raise_if_cancelled()
        run.progress(done, total)

    with tempfile.NamedTemporaryFile(dir=settings.DATA_DIR) as file:
        out = HashingWriter(file)  # type: ignore[arg-type]
        export.documents = write_export(
            out,  # type: ignore[arg-type]
            project=export.project,
            dataset=export.dataset,
            options=options,
            tell=tell,
        )
        file.seek(0)
        export.file.save("", File(file), save=False)
    export.sha256, export.size = out.hexdigest(), out.size
    export.finished_at = timezone.now()
    export.save(update_fields=["documents", "file", "sha256", "size", "finished_at"])
    return export.documents


def write_export(
    out: BinaryIO,
    *,
    project: Project,
    options: Options,
    dataset: DatasetVersion | None = None,
    tell: Tell | None = None,
) -> int:
    """Write the documents and resolved answers; returns how many documents. Raises CannotExport.

    `tell` is called now and then with how many are written, and of how many.
    """
    check(options)
    with ExitStack() as stack:
        if dataset is None:
            contents = Contents(project)
            layout, records, total = contents.layout(), contents.records(), contents.count()
        else:
            layout, records = stack.enter_context(frozen(dataset))
            total = dataset.documents
        check_names(layout)
        layout = replace(
            layout, split=options.with_splits, spreadsheet_safe=options.spreadsheet_safe
        )
        try:
            return WRITERS[options.format](told(records, total, tell), layout, out)
        except BadFile as bad:
            raise CannotExport(f"{bad.problem.message} {bad.problem.remedy}") from bad


def check(options: Options) -> None:
    """Raises CannotExport for options that do not go together."""
    if options.format not in WRITERS:
        raise CannotExport(f"There is no format {options.format!r}. Known: {', '.join(WRITERS)}.")
    if options.spreadsheet_safe and options.format != "csv":
        raise CannotExport("Only CSV is opened by spreadsheets and has formulas to escape.")


def check_names(layout: Layout) -> None:
    """Raises CannotExport when two columns would have the same name."""
    names = [*layout.text_fields, *(question.name for question in layout.questions)]
    clash = {name for name in names if names.count(name) > 1 or name in RESERVED}
    if clash:
        raise CannotExport(
            f"“{min(clash)}” is the name of another column in every export. "
            "Rename the question or text field."
        )


def told(records: Iterable[Record], total: int, tell: Tell | None) -> Iterator[Record]:
    """The same records, with somebody told how many have passed."""
    for done, record in enumerate(records, 1):
        yield record
        if tell and (done % STEP == 0 or done == total):
            tell(done, total)


@contextmanager
def frozen(dataset: DatasetVersion) -> Iterator[tuple[Layout, Iterator[Record]]]:
    """The columns and records of a dataset version. Raises DatasetDamaged."""
    with opened(dataset) as file:
        definitions, records = canonical.read(file)
        keys = {key for record in records for key in record.meta}
        choices = [each for each in definitions.questions if each.kind == QuestionKind.CHOICE]
        required = [question.name for question in choices if question.required]
        layout = Layout(
            text_fields=definitions.text_fields,
            questions=tuple(QuestionColumn(each.name, each.multiple) for each in choices),
            meta_keys=tuple(sorted(keys)),
            unresolved=len(required) > 1,
        )
        file.seek(0)
        yield layout, (open_ends(record, required) for record in canonical.read(file)[1])


def open_ends(record: Record, required: Sequence[str]) -> Record:
    """The record with the required questions named that have no result. What was said is gone."""
    missing = [name for name in required if name not in record.answers]
    return replace(record, unresolved=dict.fromkeys(missing, ())) if missing else record
