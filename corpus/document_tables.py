"""Documents as tables of the admin: shown before they come in, and brought in by the importer.

The preview makes a record of each row with the importer's own functions, so it says what the
import would say. Nothing is saved by it: on confirmation the rows go to `receiving` as a file for
each project, because only there are coins tossed, slots made and answers put into events.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import QuerySet
from import_export.fields import Field
from import_export.resources import Diff, ModelResource
from tablib import Dataset

from corpus.cells import encode
from corpus.checks import shown
from corpus.imports.mapping import META, Mapping
from corpus.imports.receiving import names_of, receive, start
from corpus.imports.rows import record_of
from corpus.imports.staging import USED_IN_FILE, USED_IN_PROJECT, asked_of
from corpus.imports.values import Asked
from corpus.models import BadRows, Import
from corpus.record import Record, Row
from projects.models import Document, Project, User
from projects.resources import PlainDiff
from projects.sheets import ABSENT, Json, Sheet, Table, cell_text, encoded

PROJECT = "project"
MOST_ROWS = 5000
"""Of a preview, which is one page."""
CHUNK = 500


@dataclass(slots=True)
class Target:
    """A project as the rows for it are read."""

    project: Project
    mapping: Mapping
    asked: dict[str, Asked]
    taken: dict[str, str] = field(default_factory=dict)
    """External ids that cannot be used again, and why."""


def target_of(slug: object) -> Target:
    """Raises ValidationError when there is no such project."""
    project = Project.objects.filter(slug=str(slug), deleting_at=None).first()
    if project is None:
        raise ValidationError({PROJECT: f"There is no project {shown(str(slug))}."})
    if project.archived_at:
        raise ValidationError({PROJECT: f"The project {shown(str(slug))} is archived."})
    return Target(project, Mapping(names_of(project)), asked_of(project, open_=False))


class Shown(Field):  # type: ignore[misc]
    """A column of the preview."""

    def __init__(self, column: str, show: Callable[[Document], str]) -> None:
        super().__init__(column_name=column)
        self.show = show

    def export(self, instance: Document, **kwargs: Any) -> str:
        return self.show(instance) if instance.texts else ""


class DocumentResource(ModelResource):  # type: ignore[misc]
    """Reads rows of any number of projects, each as its project's import would."""

    project = Shown(PROJECT, lambda document: document.project.slug)
    external_id = Shown("id", lambda document: document.external_id)
    texts = Shown("texts", lambda document: "\n\n".join(document.texts.values()))
    answers = Shown("answers", lambda document: cell_text(answers_of(document)))
    meta = Shown("meta", lambda document: cell_text(document.meta or None))
    imported_split = Shown("split", lambda document: document.imported_split)

    class Meta:
        model = Document
        fields = ("project", "external_id", "texts", "answers", "meta", "imported_split")
        export_order = fields
        import_id_fields = ()
        use_transactions = True

    @classmethod
    def get_diff_class(cls) -> type[Diff]:
        return PlainDiff

    def before_import(self, dataset: Table, **kwargs: Any) -> None:
        """Raises ValidationError when these cannot be rows of documents."""
        if PROJECT not in (dataset.headers or []):
            raise ValidationError("The column “project” is missing: the project's short name.")
        if len(dataset) > MOST_ROWS:
            raise ValidationError(
                f"There are {len(dataset):,} rows; {MOST_ROWS:,} is the most here. The project's "
                "own page “Import” takes files of any length."
            )
        self.are_cells = dataset.are_cells
        self.targets: dict[str, Target] = {}
        ids = dataset["id"] if "id" in (dataset.headers or []) else []
        self.wanted = [str(value) for value in ids if value not in ("", None, ABSENT)]

    def get_instance(self, instance_loader: Any, row: dict[str, Any]) -> None:
        """Documents are never changed by a table: every row is a new one."""

    def import_instance(self, instance: Document, row: dict[str, Any], **kwargs: Any) -> None:
        """Raises ValidationError by column."""
        target = self.target(row.get(PROJECT))
        values = {name: value for name, value in row.items() if is_said(name, value)}
        number = int(kwargs.get("row_number", 0))
        made = record_of(Row(number, values, self.are_cells), target.mapping, target.asked)
        if not isinstance(made, Record):
            wrong: dict[str, list[str]] = {}
            for problem in made:
                said = f"{problem.message} {problem.remedy}".strip()
                wrong.setdefault(problem.field or NON_FIELD_ERRORS, []).append(said)
            raise ValidationError(wrong)
        if made.external_id in target.taken:
            why = f"The id {shown(made.external_id)} {target.taken[made.external_id]}"
            raise ValidationError({"id": why})
        if made.external_id:
            target.taken[made.external_id] = USED_IN_FILE
        fill(instance, target.project, made)

    def target(self, slug: object) -> Target:
        """Raises ValidationError."""
        known = self.targets.get(str(slug))
        if known is None:
            known = self.targets[str(slug)] = target_of(slug)
            for begin in range(0, len(self.wanted), CHUNK):
                some = self.wanted[begin : begin + CHUNK]
                held = known.project.documents.filter(external_id__in=some)
                used = held.values_list("external_id", flat=True)
                known.taken |= dict.fromkeys(used, USED_IN_PROJECT)
        return known

    def validate_instance(
        self,
        instance: Document,
        import_validation_errors: dict[str, Any] | None = None,
        validate_unique: bool = True,  # noqa: FBT001, FBT002 - the library's signature
    ) -> None:
        if import_validation_errors:
            raise ValidationError(import_validation_errors)

    def save_instance(self, instance: Document, *args: Any, **kwargs: Any) -> None:
        """Not here: see the top of the file."""

    def export(
        self, *args: Any, queryset: QuerySet[Document] | None = None, **kwargs: Any
    ) -> Table:
        """Columns as an import reads them: `project`, `id`, texts, `split`, `meta.<key>`."""
        rows = Document.objects.published() if queryset is None else queryset
        return table_of_documents(rows.select_related("project"), kwargs.get("cells", True))


def answers_of(document: Document) -> dict[str, Any] | None:
    return getattr(document, "answers_said", None) or None


def is_said(name: str, value: Any) -> bool:
    return name != PROJECT and value is not ABSENT


def fill(document: Document, project: Project, record: Record) -> None:
    """What a preview shows of a record."""
    document.project = project
    document.texts, document.meta = dict(record.texts), record.meta
    document.external_id, document.imported_split = record.external_id, record.split
    document.answers_said = dict(record.answers)  # type: ignore[attr-defined]


def table_of_documents(documents: QuerySet[Document], cells: bool) -> Table:  # noqa: FBT001
    """`cells`: metadata as an import of cells reads it, else as the values that they are."""
    objects, names = [], []
    for document in documents.iterator(chunk_size=CHUNK):
        meta = {
            META + key: encode(value) if cells else value for key, value in document.meta.items()
        }
        about = {PROJECT: document.project.slug, "id": document.external_id}
        objects.append(about | document.texts | {"split": document.imported_split} | meta)
        names.append(f"Document {document.pk} ({document.external_id or 'without an id'})")
    headers = list(dict.fromkeys(name for each in objects for name in each)) or [PROJECT, "id"]
    headers.sort(key=lambda name: name.startswith(META))
    rows = ([each.get(name, ABSENT) for name in headers] for each in objects)
    return Table(headers, rows, are_cells=cells, names=names)


def hand_over(*, dataset: Table, file_name: str, user: User) -> list[Import]:
    """Import the rows, project by project, as the import page would. All of a project's or none.

    Raises ValidationError when a project has gone meanwhile.
    """
    started = []
    for slug, rows in by_project(dataset).items():
        project = target_of(slug).project
        source = receive(
            project=project,
            file=io.BytesIO(as_csv(rows) if dataset.are_cells else as_lines(rows)),
            file_name=file_name,
            format="csv" if dataset.are_cells else "jsonl",
            uploaded_by=user,
        )
        start(source, on_bad_rows=BadRows.ALL_OR_NOTHING, created_by=user)
        started.append(source)
    return started


def by_project(dataset: Dataset) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in dataset.dict:
        values = {name: value for name, value in row.items() if is_said(name, value)}
        found.setdefault(str(row[PROJECT]), []).append(values)
    return found


def as_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return encoded(out.getvalue())


def as_lines(rows: Sequence[dict[str, Any]]) -> bytes:
    return encoded("".join(line(row) for row in rows))


def line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def cells_for(form: Sheet) -> bool:
    return not isinstance(form, Json)
