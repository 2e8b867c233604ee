"""What goes into an export: its columns and its records, from a project or a dataset version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from corpus.contents import Contents
from corpus.exports import everyone
from corpus.exports.everyone import LONGEST_ID, Everyone
from corpus.exports.filters import answers_of, documents_of
from corpus.exports.model_answers import MODEL_ANSWERS
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
        columns = (*everyone.COLUMNS, *columns_of(options))
        layout = replace(layout, extras=columns, unresolved=len(layout.questions) > 1)
        return Going(layout, people.records(), people.count())
    if columns := columns_of(options):
        layout = replace(layout, extras=columns)
        records = everyone.with_columns(contents, columns)
    else:
        records = contents.records()
    return Going(layout, records, contents.count())


def columns_of(options: Options) -> tuple[str, ...]:
    """What stands beside the answers."""
    provenance = (everyone.PROVENANCE,) if options.with_provenance else ()
    return (*provenance, *((MODEL_ANSWERS,) if options.with_model_answers else ()))


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
            unresolved=definitions.people or len(required) > 1,
        )
        file.seek(0)
        records = canonical.read(file)[1]
        if options.answers == Answers.EVERYONE:
            layout = replace(layout, extras=("document", "annotator"))
            each = (open_ends(one, required) for record in records for one in by_person(record))
            yield Going(layout, each, dataset.documents)
            return
        resolved = (open_ends(record, required) for record in records)
        yield Going(layout, resolved, dataset.documents)


def by_person(record: Record) -> Iterator[Record]:
    """A record for each person who answered the document, under their pseudonym."""
    for person, answers in (record.people or {}).items():
        extras = {"document": record.external_id, "annotator": person}
        own_id = f"{record.external_id}/{person}" if record.external_id else ""
        yield replace(
            record, external_id=own_id[:LONGEST_ID], answers=answers, people=None, extras=extras
        )


def open_ends(record: Record, required: Sequence[str]) -> Record:
    """The record with the required questions named that have no result, and what was said about
    them; without each person's answers that is gone.
    """
    people = (record.people or {}).values()
    missing = {
        name: tuple(said[name] for said in people if name in said)
        for name in required
        if name not in record.answers
    }
    return replace(record, unresolved=missing) if missing else record
