"""Reads a file into staged documents, which the queue cannot see.

A chunk's documents, its problems, the counts and the place to resume are written in one
transaction, so a run that is killed goes on without gaps or doubles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import Max

from corpus.checks import shown
from corpus.formats import FORMATS
from corpus.imports.receiving import mapping_of
from corpus.imports.rows import problem_about, record_of
from corpus.imports.values import Asked
from corpus.models import BadRows, Import, ImportProblem, ImportState, StagedAnswers
from corpus.record import BadFile, Problem, Record, Row, label_of
from projects.jobs import JobRun
from projects.models import Document, DocumentState, Project, document_hash
from projects.models.document import toss

CHUNK_ROWS = 100
CHUNK_CHARACTERS = 500_000
MOST_NEW_LABELS = 1000
"""Of one question. A column with more is not a column of labels."""

USED_IN_FILE = "was used by an earlier row of this file."
USED_IN_PROJECT = "is in the project already."


class Staging:
    """One run through the file of an import."""

    def __init__(self, source: Import, run: JobRun) -> None:
        self.source = source
        self.job = run
        self.project = source.project
        self.mapping = mapping_of(source)
        self.asked = asked_of(self.project, open_=source.create_labels)
        self.place: dict[str, Any] = run.checkpoint or {
            "row": 0,
            "position": next_position(self.project),
            "new_labels": {name: [] for name in self.asked},
        }
        self.new_labels = NewLabels(self.asked, self.place["new_labels"])
        self.endings: list[Problem] = []
        self.is_hopeless = False

    def run(self) -> None:
        """Stage the good rows. Afterwards the import is ready to publish, or else refused."""
        if "refused" in self.place:
            return
        with self.source.file.open("rb") as file:
            try:
                for chunk in chunks(self._fresh(file.file)):
                    self.job.raise_if_cancelled()
                    self._stage(chunk)
                    self.job.progress(self.source.rows_read, message="Reading the file")
            except BadFile as bad:
                self.endings.append(bad.problem)
                self.is_hopeless = True
        self._close()

    def _fresh(self, file: BinaryIO) -> Iterator[Row | Problem]:
        """The rows that no earlier run has staged. What ends the file is kept for `_close`."""
        unseen = self.mapping.named_columns()
        try:
            for row in FORMATS[self.source.format].rows(file, self.source.options):
                if isinstance(row, Row):
                    if row.cells:
                        self._check_columns(row)
                    unseen -= row.values.keys()
                if row.number > self.place["row"]:
                    yield row
        except BadFile as bad:
            self.endings.append(bad.problem)
        else:
            self.endings += [
                Problem(0, column, "No row has this column.", "Check its name in the mapping.")
                for column in sorted(unseen)
            ]

    def _check_columns(self, row: Row) -> None:
        """Whether a table has what the mapping needs. Raises BadFile."""
        found = ", ".join(shown(column) for column in row.values)
        for column in sorted(self.mapping.named_columns() - row.values.keys()):
            message = f"There is no such column. The columns are: {found}."
            raise BadFile(Problem(0, column, message, "Map one of these."))
        for field in sorted(self.mapping.fields_without_column(row.values)):
            message = f"No column is the text {shown(field)}. The columns are: {found}."
            raise BadFile(Problem(0, field, message, f"Say which one is: {field}=COLUMN."))

    @transaction.atomic
    def _stage(self, chunk: Sequence[Row | Problem]) -> None:
        # Chunks of a project go in one by one, so that an id is seen before it comes twice.
        Project.objects.select_for_update(no_key=True).get(pk=self.project.pk)
        records, problems = self._made(chunk)
        self.new_labels.learn(records)
        documents = Document.objects.bulk_create([self._document(record) for record in records])
        StagedAnswers.objects.bulk_create(
            StagedAnswers(
                document=document,
                answers=record.answers,
                predictions=[asdict(prediction) for prediction in record.predictions],
            )
            for document, record in zip(documents, records, strict=True)
            if record.answers or record.predictions
        )
        save_problems(self.source, [*problems, *(n for record in records for n in record.notes)])
        self.source.rows_read += len(chunk)
        self.source.rows_bad += len({problem.row for problem in problems})
        self.source.documents += len(records)
        self.source.answers += sum(bool(record.answers) for record in records)
        self.source.save(update_fields=["rows_read", "rows_bad", "documents", "answers"])
        self.place["row"] = chunk[-1].number
        self.job.save_checkpoint(self.place)

    def _made(self, chunk: Sequence[Row | Problem]) -> tuple[list[Record], list[Problem]]:
        """The good records of a chunk, and everything that is wrong with the other rows."""
        rows: dict[int, Row] = {}
        records: list[Record] = []
        problems: list[Problem] = []
        for row in chunk:
            if isinstance(row, Problem):
                problems.append(row)
                continue
            rows[row.number] = row
            made = record_of(row, self.mapping, self.asked)
            if isinstance(made, Record):
                records.append(made)
            else:
                problems += made
        taken = self._taken(records)
        fresh: list[Record] = []
        for record in records:
            if why := taken.get(record.external_id):
                message = f"The id {shown(record.external_id)} {why}"
                remedy = "Give each document its own id."
                problems.append(problem_about(rows[record.row], "id", message, remedy))
            else:
                fresh.append(record)
                taken |= {record.external_id: USED_IN_FILE} if record.external_id else {}
        return fresh, problems

    def _taken(self, records: Iterable[Record]) -> dict[str, str]:
        """External ids that exist, and where."""
        wanted = {record.external_id for record in records} - {""}
        rows = self.project.documents.filter(external_id__in=wanted)
        return {
            external_id: USED_IN_FILE if batch == self.source.batch else USED_IN_PROJECT
            for external_id, batch in rows.values_list("external_id", "batch")
        }

    def _document(self, record: Record) -> Document:
        """A staged document. Its coins are tossed here, once; a split of its own needs none."""
        self.place["position"] += 1
        return Document(
            project=self.project,
            external_id=record.external_id,
            position=self.place["position"],
            texts=record.texts,
            meta=record.meta,
            text_hash=document_hash(record.texts, self.project.text_fields),
            batch=self.source.batch,
            state=DocumentState.STAGED,
            # A toss of its own: the coin of order must not tell the reserve from the rest.
            in_reserve=not record.split and toss() < self.project.reserve,
            reserve_epoch=self.project.reserve_epoch,
            imported_split=record.split,
        )

    @transaction.atomic
    def _close(self) -> None:
        """Nothing more will be read: write down what ended it, and say how it goes on."""
        source = self.source
        if not source.rows_read and not self.endings:
            message, remedy = "The file holds no documents.", "Choose another file."
            self.endings.append(Problem(0, "", message, remedy))
        save_problems(source, self.endings)
        source.rows_bad += len(self.endings)
        strict = source.on_bad_rows == BadRows.ALL_OR_NOTHING
        if self.is_hopeless or not source.documents or (strict and source.rows_bad):
            self.place["refused"] = True
        else:
            source.state = ImportState.PUBLISHING
        source.save(update_fields=["rows_bad", "state"])
        self.job.save_checkpoint(self.place)


class NewLabels:
    """The labels that an import brings and the project does not have, in order of appearance."""

    def __init__(self, asked: dict[str, Asked], found: dict[str, list[str]]) -> None:
        self.found = found
        self._known = {
            name: {*question.labels, *found.setdefault(name, [])}
            for name, question in asked.items()
        }

    def learn(self, records: Iterable[Record]) -> None:
        """Raises BadFile when a column cannot be one of labels."""
        for record in records:
            for name, answer in record.answers.items():
                self._add(name, map(label_of, answer))
            for prediction in record.predictions:
                self._add(prediction.question, [prediction.label])

    def _add(self, name: str, labels: Iterable[str]) -> None:
        new = [label for label in dict.fromkeys(labels) if label not in self._known[name]]
        self._known[name].update(new)
        self.found[name] += new
        if len(self.found[name]) > MOST_NEW_LABELS:
            message = f"This brings more than {MOST_NEW_LABELS:,} new labels."
            raise BadFile(Problem(0, name, message, "Is it a column of labels? Map another one."))


def asked_of(project: Project, *, open_: bool) -> dict[str, Asked]:
    """The questions of a project that can be answered, by name."""
    questions = project.questions.usable().prefetch_related("labels")
    return {
        question.name: Asked(
            multiple=question.multiple,
            required=question.required,
            labels=frozenset(label.name for label in question.labels.all()),
            open=open_,
            kind=question.kind,
            overlapping=question.overlapping,
        )
        for question in questions
    }


def next_position(project: Project) -> int:
    last: int | None = project.documents.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def save_problems(source: Import, problems: Iterable[Problem]) -> None:
    ImportProblem.objects.bulk_create(
        ImportProblem(
            source=source,
            row=problem.row,
            field=problem.field,
            message=problem.message,
            remedy=problem.remedy,
            raw=problem.raw,
            kept=problem.kept,
        )
        for problem in problems
    )


def chunks(rows: Iterable[Row | Problem]) -> Iterator[list[Row | Problem]]:
    """Rows in lists that one short transaction can take."""
    chunk: list[Row | Problem] = []
    characters = 0
    for row in rows:
        chunk.append(row)
        if isinstance(row, Row):
            characters += sum(len(value) for value in row.values.values() if isinstance(value, str))
        if len(chunk) == CHUNK_ROWS or characters > CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk
