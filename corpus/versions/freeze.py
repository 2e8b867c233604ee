"""Dataset versions: frozen once, hashed, and checked whenever they are read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files import File
from django.db import transaction

from corpus.contents import Contents
from corpus.models import DatasetVersion, Redaction
from corpus.record import CHOICE, SPAN, SPLITS, Record
from corpus.versions import canonical
from corpus.versions.canonical import Definitions
from corpus.versions.diff_summary import label_of
from corpus.versions.hashing import HashingWriter, sha256_of
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


def request_freeze(*, project: Project, comment: str, author: User | None) -> Job:
    """Have a worker freeze the project."""
    return jobs.enqueue(project=project, kind=JOB, params={"comment": comment}, created_by=author)


def freeze(*, project: Project, comment: str = "", author: User | None = None) -> DatasetVersion:
    """Freeze the documents that have a resolved answer, as they stand at this moment.

    Raises Unchanged when the newest version holds just that, and NothingToFreeze.
    """
    with tempfile.NamedTemporaryFile(dir=settings.DATA_DIR) as file:
        out = HashingWriter(file)  # type: ignore[arg-type]
        with snapshot():
            contents = Contents(project)
            tally = Tally(contents.definitions())
            answered = (record for record in contents.records() if record.answers)
            records = tally.counted(answered)
            documents = canonical.write(tally.definitions, records, out)  # type: ignore[arg-type]
        if not documents:
            raise NothingToFreeze("Nothing is answered yet, so there is nothing to freeze.")
        file.seek(0)
        version = DatasetVersion(
            project=project,
            comment=comment,
            author=author,
            sha256=out.hexdigest(),
            size=out.size,
            documents=documents,
            counts=tally.counts(),
        )
        number(version, File(file))
    return version


@transaction.atomic
def number(version: DatasetVersion, content: File[bytes]) -> None:
    """Give a version the next number and keep it. Raises Unchanged."""
    project = Project.objects.select_for_update(no_key=True).get(pk=version.project_id)
    newest = project.dataset_versions.first()
    if newest is not None and newest.sha256 == version.sha256:
        raise Unchanged(newest)
    version.number = newest.number + 1 if newest else 1
    version.file.save("", content, save=False)
    version.save()


def stored(version: DatasetVersion) -> BinaryIO:
    """Opened anew each time: a field remembers the file that it saw first."""
    return cast("BinaryIO", version.file.storage.open(str(version.file.name)))


def verify(version: DatasetVersion) -> None:
    """Raises DatasetDamaged unless the file is, byte for byte, the one that was frozen."""
    redaction = version.redactions.select_related("successor", "dataset_version").first()
    if redaction is not None:
        raise DatasetErased(redaction)
    try:
        with stored(version) as file:
            found = sha256_of(file)
    except FileNotFoundError:
        raise DatasetDamaged(f"The file of version {version.number} is missing.") from None
    if found != version.sha256:
        raise DatasetDamaged(
            f"The file of version {version.number} was changed: its sha256 is {found}, "
            f"frozen was {version.sha256}."
        )


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


class Tally:
    """Counts what a dataset holds while its records pass."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.splits: dict[str, int] = {}
        self.answers: dict[tuple[str, str, str], int] = {}

    def counted(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            self.splits[record.split] = self.splits.get(record.split, 0) + 1
            for question, items in record.answers.items():
                # The empty name stands for the answer as a whole.
                for label in ("", *map(label_of, items)):
                    key = (question, label, record.split)
                    self.answers[key] = self.answers.get(key, 0) + 1
            yield record

    def counts(self) -> dict[str, Any]:
        """Documents per split; per question the answered ones, and those of each label.

        Of a span question the spans of each label are counted, of which a document may hold many.
        """
        splits = [split for split in SPLITS if split in self.splits]
        return {
            "splits": {split: self.splits[split] for split in splits},
            "questions": [
                {
                    "name": question.name,
                    **({"kind": SPAN} if question.kind == SPAN else {}),
                    "answered": self._row(question.name, "", splits),
                    "labels": [
                        {"name": label.name, "splits": self._row(question.name, label.name, splits)}
                        for label in question.labels
                    ],
                }
                for question in self.definitions.questions
                if question.kind in (CHOICE, SPAN)
            ],
        }

    def _row(self, question: str, label: str, splits: Iterable[str]) -> dict[str, int]:
        return {split: self.answers.get((question, label, split), 0) for split in splits}
