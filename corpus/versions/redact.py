"""Dataset versions without a document that has to go: marked, removed, and issued anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from corpus.models import DatasetVersion, Redaction
from corpus.record import Record
from corpus.versions.draft import Draft
from corpus.versions.freeze import DatasetDamaged, Unchanged, contents_of, number, stored
from corpus.versions.recipe import recipe_of
from projects.models import Document, User


@dataclass(frozen=True, slots=True)
class Wanted:
    """The document as a version's file names it; `alone`: no other one looks the same there."""

    external_id: str
    texts: dict[str, str]
    alone: bool

    def is_in(self, record: Record) -> bool:
        return record.external_id == self.external_id and record.texts == self.texts


@dataclass(frozen=True, slots=True)
class Redacted:
    """A version's content without the document, in a file of its own; None when nothing is left
    or the file was damaged before.
    """

    version: DatasetVersion
    successor: DatasetVersion | None
    draft: Draft


def wanted_of(document: Document) -> Wanted:
    same = document.project.documents.filter(
        external_id=document.external_id, text_hash=document.text_hash
    )
    alone = not same.exclude(pk=document.pk).exists()
    return Wanted(document.external_id, document.texts, alone=alone)


def versions_holding(document: Document) -> list[DatasetVersion]:
    """The versions whose file holds the document; those redacted before hold nothing any more."""
    wanted = wanted_of(document)
    versions = document.project.dataset_versions.filter(redactions=None).order_by("number")
    return [version for version in versions if _holds(version, wanted)]


def _holds(version: DatasetVersion, wanted: Wanted) -> bool:
    """Every line begins with the document's id, so few lines have to be read as JSON."""
    prefix = f'{{"id":{json.dumps(wanted.external_id, ensure_ascii=False)},'.encode()
    try:
        with stored(version) as file:
            return any(
                json.loads(line)["texts"] == wanted.texts
                for line in iter(file.readline, b"")
                if line.startswith(prefix)
            )
    except FileNotFoundError:
        return False


@contextmanager
def redacted(version: DatasetVersion, document: Document, author: User) -> Iterator[Redacted]:
    """The version's content without the document, ready to be issued."""
    with Draft() as draft:
        with suppress(DatasetDamaged), contents_of(version) as (definitions, records):
            draft.write(definitions, _without(records, wanted_of(document)))
        successor = None
        if draft.documents:
            draft.write_parquet()
            successor = draft.version(
                version.project,
                recipe=recipe_of(version.recipe),
                # Who agreed with whom, and how answers came about, is not known of the rest.
                facts={"guideline": version.card.get("guideline")},
                comment=f"Version {version.number} without a document that was erased.",
                author=author,
                people=version.people,
            )
        yield Redacted(version, successor, draft)


def _without(records: Iterator[Record], wanted: Wanted) -> Iterator[Record]:
    """All but the document. Where others look the same, one of them goes."""
    gone = False
    for record in records:
        if wanted.is_in(record) and (wanted.alone or not gone):
            gone = True
            continue
        yield record


def issue(redaction: Redacted, *, reason: str) -> Redaction:
    """Mark the version and issue what is left of it. Its files go when the draft ends, which is to
    be after the transaction.
    """
    version, successor = redaction.version, redaction.successor
    if successor is not None:
        same = version.project.dataset_versions.filter(
            sha256=successor.sha256, redactions=None
        ).first()
        successor = same or _numbered(successor, redaction.draft)
    redaction.draft.loosen(*(str(file.name) for file in (version.file, version.parquet) if file))
    return Redaction.objects.create(dataset_version=version, reason=reason, successor=successor)


def _numbered(successor: DatasetVersion, draft: Draft) -> DatasetVersion:
    try:
        number(successor, draft)
    except Unchanged as unchanged:
        return unchanged.version
    return successor
