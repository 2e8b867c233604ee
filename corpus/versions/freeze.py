"""Dataset versions: frozen once, hashed, and checked whenever they are read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, cast

from django.conf import settings
from django.db import transaction
from django.db.models.fields.files import FieldFile

from corpus.models import DatasetVersion, Redaction
from corpus.record import Record
from corpus.versions import canonical, parquet
from corpus.versions.canonical import Definitions
from corpus.versions.card import digest_of
from corpus.versions.draft import Draft
from corpus.versions.gathering import Gathering
from corpus.versions.hashing import sha256_of
from corpus.versions.recipe import Recipe, checked
from corpus.versions.snapshot import snapshot
from projects import jobs
from projects.models import Job, Project, User

JOB = "freeze_dataset"


class Unchanged(Exception):
    """Nothing has changed since the newest version, so there is nothing to freeze."""

    def __init__(self, version: DatasetVersion) -> None:
        super().__init__(f"Nothing has changed since version {version.number}.")
        self.version = version


class NothingToFreeze(Exception):
    """No document of the project has a resolved answer."""


class DatasetDamaged(Exception):
    """The file of a version is missing, or not the one that was frozen."""


class DatasetErased(DatasetDamaged):
    """The file is gone on purpose: it held a document that was erased."""

    def __init__(self, redaction: Redaction) -> None:
        number, successor = redaction.dataset_version.number, redaction.successor
        rest = f" Version {successor.number} holds the rest." if successor else ""
        super().__init__(
            f"Version {number} held a document that was erased, so its file is gone.{rest}"
        )


def request_freeze(
    *, project: Project, comment: str, author: User | None, recipe: Recipe | None = None
) -> Job:
    """Have a worker freeze the project. Raises BadFilter."""
    recipe = checked(recipe or Recipe(), project)
    params = {"comment": comment, "recipe": recipe.as_json()}
    return jobs.enqueue(project=project, kind=JOB, params=params, created_by=author)


def freeze(
    *,
    project: Project,
    comment: str = "",
    author: User | None = None,
    recipe: Recipe | None = None,
) -> DatasetVersion:
    """Freeze the documents that have an answer, as they stand at this moment.

    Without a recipe: what people agree on, of every document, with no validation part. Raises
    Unchanged when the newest version holds just that, NothingToFreeze, BadFilter, and NoRoom.
    """
    recipe = checked(recipe or Recipe(), project)
    with Draft() as draft:
        with snapshot():
            gathering = Gathering(project, recipe)
            draft.write(gathering.definitions(), gathering.records())
        if not draft.documents:
            raise NothingToFreeze(why_nothing(recipe))
        draft.write_parquet()
        version = draft.version(
            project,
            recipe=recipe,
            facts=gathering.facts.as_json(),
            comment=comment,
            author=author,
            people=gathering.people,
        )
        number(version, draft)
    return version


def why_nothing(recipe: Recipe) -> str:
    if recipe.filters:
        return "No answered document passes these filters, so there is nothing to freeze."
    return "Nothing is answered yet, so there is nothing to freeze."


def number(version: DatasetVersion, draft: Draft) -> None:
    """Give a version the next number and keep it. Raises Unchanged, and NoRoom."""
    while True:
        newest = version.project.dataset_versions.first()
        if newest is not None and newest.sha256 == version.sha256:
            raise Unchanged(newest)
        version.number = newest.number + 1 if newest else 1
        # Before the transaction, so that nobody waits for the copying.
        draft.keep(version)
        with transaction.atomic():
            Project.objects.select_for_update(no_key=True).get(pk=version.project_id)
            if version.project.dataset_versions.first() == newest:
                version.save()
                return


def stored(version: DatasetVersion) -> BinaryIO:
    """Opened anew each time: a field remembers the file that it saw first."""
    return _open(version.file)


def _open(file: FieldFile) -> BinaryIO:
    return cast("BinaryIO", file.storage.open(str(file.name)))


def verify(version: DatasetVersion) -> None:
    """Raises DatasetDamaged unless the file is, byte for byte, the one that was frozen."""
    _verify(version, version.file, version.sha256)


def verify_card(version: DatasetVersion) -> None:
    """Raises DatasetDamaged unless the card is the one that was written when it was frozen."""
    if version.card_sha256 and digest_of(version.card) != version.card_sha256:
        raise DatasetDamaged(f"The data card of version {version.number} was changed.")


def _verify(version: DatasetVersion, file: FieldFile, frozen: str) -> None:
    redaction = version.redactions.select_related("successor", "dataset_version").first()
    if redaction is not None:
        raise DatasetErased(redaction)
    try:
        with _open(file) as stream:
            found = sha256_of(stream)
    except FileNotFoundError:
        raise DatasetDamaged(f"The file of version {version.number} is missing.") from None
    if found != frozen:
        raise DatasetDamaged(
            f"The file of version {version.number} was changed: its sha256 is {found}, "
            f"frozen was {frozen}."
        )


def parquet_of(version: DatasetVersion) -> BinaryIO:
    """The version as Parquet, to be closed by the caller; of one from before there was any, made
    now. Raises DatasetDamaged.
    """
    if version.parquet:
        _verify(version, version.parquet, version.parquet_sha256)
        return _open(version.parquet)
    with ExitStack() as stack:
        made = stack.enter_context(tempfile.TemporaryFile(dir=settings.DATA_DIR))
        with contents_of(version) as (definitions, records):
            parquet.write(definitions, records, cast("BinaryIO", made))
        made.seek(0)
        stack.pop_all()
    return cast("BinaryIO", made)


@contextmanager
def opened(version: DatasetVersion) -> Iterator[BinaryIO]:
    """The file of a version, after a check of its bytes. Raises DatasetDamaged."""
    verify(version)
    with stored(version) as file:
        yield file


@contextmanager
def contents_of(version: DatasetVersion) -> Iterator[tuple[Definitions, Iterator[Record]]]:
    """What a version holds, its documents one by one. Raises DatasetDamaged."""
    with opened(version) as file:
        yield canonical.read(file)
