"""What goes into an export: its columns and its records, from a project or a dataset version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from corpus.contents import Contents
from corpus.exports import everyone
from corpus.exports.everyone import Everyone
from corpus.exports.filters import answers_of, documents_of
from corpus.exports.options import Options
from corpus.models import Answers, DatasetVersion
from corpus.record import CHOICE, SPAN, Layout, QuestionColumn, Record
from corpus.versions import canonical
from corpus.versions.freeze import opened
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Going:
    """`total`: how many records there are, before the last of the filters."""

    layout: Layout
    records: Iterator[Record]
    total: int


def of_project(project: Project, options: Options) -> Going:
    """The project as it stands."""
    is_everyone = options.answers == Answers.EVERYONE
    documents = documents_of(project, options.filters, everyone=is_everyone)
    contents = Contents(project, documents)
    layout = contents.layout()
    if is_everyone:
        only = answers_of(options.filters)
        people = Everyone(contents, only, provenance=options.with_provenance)
        columns = (*everyone.COLUMNS, *columns_of_provenance(options))
        layout = replace(layout, extras=columns, unresolved=len(layout.questions) > 1)
        return Going(layout, people.records(), people.count())
    if options.with_provenance:
        layout = replace(layout, extras=columns_of_provenance(options))
        records = everyone.with_provenance(contents)
    else:
        records = contents.records()
    return Going(layout, records, contents.count())


def columns_of_provenance(options: Options) -> tuple[str, ...]:
    return (everyone.PROVENANCE,) if options.with_provenance else ()


@contextmanager
def of_dataset(dataset: DatasetVersion, options: Options) -> Iterator[Going]:
    """What a version holds. Raises DatasetDamaged."""
    with opened(dataset) as file:
        definitions, records = canonical.read(file)
        keys = {key for record in records for key in record.meta}
        known = [each for each in definitions.questions if each.kind in (CHOICE, SPAN)]
        required = [question.name for question in known if question.required]
        layout = Layout(
            text_fields=definitions.text_fields,
            questions=tuple(QuestionColumn(each.name, each.multiple, each.kind) for each in known),
            meta_keys=tuple(sorted(keys)),
            unresolved=len(required) > 1,
        )
        file.seek(0)
        records = (open_ends(record, required) for record in canonical.read(file)[1])
        yield Going(layout, records, dataset.documents)


def open_ends(record: Record, required: Sequence[str]) -> Record:
    """The record with the required questions named that have no result. What was said is gone."""
    missing = [name for name in required if name not in record.answers]
    return replace(record, unresolved=dict.fromkeys(missing, ())) if missing else record
