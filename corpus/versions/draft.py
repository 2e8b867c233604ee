"""A dataset version on its way: its files, not yet numbered, gone unless they are kept."""

from __future__ import annotations

import errno
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, Self, cast

from django.conf import settings
from django.core.files import File

from corpus.models import DatasetVersion
from corpus.record import Record
from corpus.versions import canonical, parquet
from corpus.versions.canonical import Definitions
from corpus.versions.card import card_of, digest_of
from corpus.versions.hashing import HashingWriter
from corpus.versions.recipe import Recipe
from corpus.versions.tally import Tally
from projects.loose_files import loose
from projects.models import Project, User

FULL = {errno.ENOSPC, errno.EDQUOT}


class NoRoom(Exception):
    """The disk is full; nothing half-written was left on it."""

    def __init__(self) -> None:
        super().__init__("The disk is full, so nothing was frozen. Make room and freeze again.")


class Draft:
    """The two files of a version while they are written. Whatever it does may raise NoRoom."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.documents = 0

    def __enter__(self) -> Self:
        folder = settings.DATA_DIR
        self.lines = self._stack.enter_context(tempfile.TemporaryFile(dir=folder))
        self.table = self._stack.enter_context(tempfile.TemporaryFile(dir=folder))
        self._lines, self._table = (
            HashingWriter(cast("BinaryIO", file)) for file in (self.lines, self.table)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, definitions: Definitions, records: Iterable[Record]) -> None:
        """Write the JSON Lines."""
        self.definitions = definitions
        self.tally = Tally(definitions)
        counted = self.tally.counted(records)
        with no_room():
            self.documents = canonical.write(definitions, counted, cast("BinaryIO", self._lines))
            self.lines.flush()

    def write_parquet(self) -> None:
        """Write the Parquet from the lines, which are sorted by now."""
        self.lines.seek(0)
        definitions, records = canonical.read(cast("BinaryIO", self.lines))
        with no_room():
            parquet.write(definitions, records, cast("BinaryIO", self._table))
            self.table.flush()

    def version(
        self,
        project: Project,
        *,
        recipe: Recipe,
        facts: Mapping[str, Any],
        comment: str,
        author: User | None,
        people: Mapping[str, int],
    ) -> DatasetVersion:
        """The row of what was written, without a number and not saved."""
        counts = self.tally.counts()
        sums = {"jsonl": self._lines.hexdigest(), "parquet": self._table.hexdigest()}
        card = card_of(
            project,
            definitions=self.definitions,
            counts=counts,
            recipe=recipe,
            facts=facts,
            files=sums,
        )
        return DatasetVersion(
            project=project,
            comment=comment,
            author=author,
            sha256=sums["jsonl"],
            size=self._lines.size,
            documents=self.documents,
            counts=counts,
            recipe=recipe.as_json(),
            people=dict(people),
            card=card,
            card_sha256=digest_of(card),
            parquet_sha256=sums["parquet"],
            parquet_size=self._table.size,
        )

    def loosen(self, *names: str) -> None:
        """What lies there is gone when the draft ends, unless a row has it then."""
        self._stack.enter_context(loose(*names))

    def keep(self, version: DatasetVersion) -> None:
        """Put the files in their place, for the time being."""
        for field, file in ((version.file, self.lines), (version.parquet, self.table)):
            wanted = field.field.generate_filename(version, "")
            with no_room():
                name = field.storage.get_available_name(wanted)
                self.loosen(name)
                file.seek(0)
                field.name = field.storage.save(name, File(file))


@contextmanager
def no_room() -> Iterator[None]:
    """Says that the disk is full in one way, whoever found out."""
    try:
        yield
    except OSError as problem:
        if problem.errno in FULL:
            raise NoRoom from problem
        raise
    except sqlite3.OperationalError as problem:
        if "full" in str(problem):
            raise NoRoom from problem
        raise
