"""What differs between two dataset versions, document by document.

Versions never change, so neither does their difference: it is worked out once, in constant
memory, and kept as an index of places in the two files. The index holds neither texts nor ids,
so that nothing of an erased document stays in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings

from corpus.models import DatasetVersion
from corpus.record import Record
from corpus.versions import canonical
from corpus.versions.canonical import Definitions
from corpus.versions.diff_summary import PARTS, Summary, parts_of
from corpus.versions.freeze import opened, stored, verify
from projects import jobs
from projects.models import Job, User

Tell = Callable[[int, int], None]
JOB = "compare_datasets"
FORM = 1
"""Of the index; raise it when the figures or the matching change."""

AT_ONCE = 16 * 1024 * 1024
"""Bytes of both files together that are compared while somebody waits: a second or two."""

HASHED_AT_ONCE = 64 * 1024 * 1024
"""Bytes of one file that are checked whenever its documents are shown."""

KEPT = 200
STEP = 500
BITS = {part: 1 << place for place, part in enumerate(PARTS)}

# Equal lines pair off first, so that of several equal texts without ids only the
# changed ones are told; then what is left of a key pairs off in the order of the lines.
UNPAIRED = """
    CREATE TABLE unpaired AS
    WITH numbered AS (
        SELECT side, key, at, digest,
            row_number() OVER (PARTITION BY side, key, digest ORDER BY at) AS n
        FROM documents)
    SELECT side, key, at, row_number() OVER (PARTITION BY side, key ORDER BY at) AS n
    FROM numbered AS mine
    WHERE NOT EXISTS (
        SELECT 1 FROM numbered AS theirs
        WHERE theirs.side = 1 - mine.side AND theirs.key = mine.key
            AND theirs.digest = mine.digest AND theirs.n = mine.n)
"""
PAIRS = """
    SELECT key, max(CASE side WHEN 0 THEN at END), max(CASE side WHEN 1 THEN at END)
    FROM unpaired GROUP BY key, n ORDER BY key, n
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A document that is not the same in both versions; None: it is not in that one."""

    parts: tuple[str, ...]
    old: Record | None
    new: Record | None


class Source:
    """A version's documents, one after the other or by their place in the file."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.at = 0
        self.line = b""
        self.definitions, self._records = canonical.read(cast("BinaryIO", self))

    def readline(self) -> bytes:
        self.at = self.file.tell()
        self.line = self.file.readline()
        return self.line

    @property
    def records(self) -> Iterator[Record]:
        return self._records

    def record(self, at: int | None) -> Record | None:
        """The document whose line begins there."""
        if at is None:
            return None
        self.file.seek(at)
        return next(canonical.records(cast("BinaryIO", self)))


class Diff:
    """An index that is open, and the two files that it points into."""

    def __init__(self, index: sqlite3.Connection, old: Source, new: Source) -> None:
        self.index, self.old, self.new = index, old, new
        self.summary: dict[str, Any] = json.loads(
            index.execute("SELECT figures FROM summary").fetchone()[0]
        )

    @property
    def definitions(self) -> tuple[Definitions, Definitions]:
        return self.old.definitions, self.new.definitions

    def count(self, part: str = "") -> int:
        """How many documents differ, in this part or in any."""
        return int(
            self.index.execute(
                "SELECT count(*) FROM changes WHERE ? = 0 OR parts & ?", [BITS.get(part, 0)] * 2
            ).fetchone()[0]
        )

    def changes(self, part: str = "", *, first: int = 0, most: int = -1) -> Iterator[Change]:
        """The documents that differ, by id; `most` of them at most, -1 for all."""
        rows = self.index.execute(
            "SELECT parts, old, new FROM changes WHERE ? = 0 OR parts & ? "
            "ORDER BY place LIMIT ? OFFSET ?",
            [*[BITS.get(part, 0)] * 2, most, first],
        )
        for bits, old, new in rows:
            parts = tuple(part for part in PARTS if bits & BITS[part])
            yield Change(parts, self.old.record(old), self.new.record(new))


def path_of(old: DatasetVersion, new: DatasetVersion) -> Path:
    name = f"{old.sha256[:32]}-{new.sha256[:32]}-{FORM}.sqlite3"
    return Path(settings.DATA_DIR) / "diffs" / name


def is_quick(old: DatasetVersion, new: DatasetVersion) -> bool:
    """Whether the comparison is there, or made while somebody waits."""
    return old.size + new.size <= AT_ONCE or path_of(old, new).exists()


def request_compare(*, old: DatasetVersion, new: DatasetVersion, author: User) -> Job:
    """Have a worker compare two large versions."""
    params = {"old": old.pk, "new": new.pk}
    waiting = new.project.jobs.unfinished().filter(kind=JOB, params=params).first()
    return waiting or jobs.enqueue(project=new.project, kind=JOB, params=params, created_by=author)


@contextmanager
def compared(old: DatasetVersion, new: DatasetVersion) -> Iterator[Diff]:
    """What differs. Raises DatasetDamaged."""
    path = path_of(old, new)
    if not path.exists():
        write_index(old, new)
    with ExitStack() as stack:
        files = []
        for version in (old, new):
            if version.size <= HASHED_AT_ONCE:
                verify(version)
            files.append(stack.enter_context(stored(version)))
        # Its name alone says "read only", and SQLite then needs no lock on the file.
        index = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
        yield Diff(stack.enter_context(closing(index)), *map(Source, files))


def write_index(old: DatasetVersion, new: DatasetVersion, tell: Tell | None = None) -> None:
    """Compare two versions and keep the index. Raises DatasetDamaged.

    `tell` is called now and then with how many documents are read, and of how many.
    """
    path = path_of(old, new)
    path.parent.mkdir(exist_ok=True)
    with opened(old) as old_file, opened(new) as new_file:
        handle, name = tempfile.mkstemp(dir=path.parent)
        os.close(handle)
        making = Making(Source(old_file), Source(new_file), old.documents + new.documents, tell)
        try:
            with closing(sqlite3.connect(name)) as index, closing(sqlite3.connect("")) as sorter:
                making.gather(sorter)
                making.fill(index, sorter)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    forget_oldest(path.parent)


class Making:
    """An index on its way."""

    def __init__(self, old: Source, new: Source, total: int, tell: Tell | None) -> None:
        self.old, self.new, self.total, self.tell = old, new, total, tell
        self.summary = Summary(old.definitions, new.definitions)
        self.read = 0

    def gather(self, sorter: sqlite3.Connection) -> None:
        """Find the documents of either side that have no equal on the other."""
        sorter.execute("CREATE TABLE documents (side INTEGER, key BLOB, digest BLOB, at INTEGER)")
        for side, source in enumerate((self.old, self.new)):
            rows = self._rows(side, source)
            sorter.executemany("INSERT INTO documents VALUES (?, ?, ?, ?)", rows)
        sorter.execute("CREATE INDEX by_key ON documents (key, digest, side)")
        sorter.execute(UNPAIRED)

    def _rows(self, side: int, source: Source) -> Iterator[tuple[int, bytes, bytes, int]]:
        for record in source.records:
            self.summary.count(("before", "after")[side], record)
            self.read += 1
            if self.tell and self.read % STEP == 0:
                self.tell(self.read, self.total)
            yield side, key_of(record), digest_of(source.line), source.at

    def fill(self, index: sqlite3.Connection, sorter: sqlite3.Connection) -> None:
        """Write the figures and the places of the documents that differ, ordered by their ids."""
        index.execute(
            "CREATE TABLE changes (place INTEGER PRIMARY KEY, parts INT, old INT, new INT)"
        )
        for _, old_at, new_at in sorter.execute(PAIRS):
            old, new = self.old.record(old_at), self.new.record(new_at)
            parts = parts_of(old, new)
            if not parts:
                # Only one of the versions tells each person's answers.
                continue
            self.summary.note(parts, old, new)
            bits = sum(BITS[part] for part in parts)
            index.execute("INSERT INTO changes VALUES (NULL, ?, ?, ?)", [bits, old_at, new_at])
        index.execute("CREATE TABLE summary (figures TEXT)")
        index.execute("INSERT INTO summary VALUES (?)", [json.dumps(self.summary.as_json())])
        index.commit()


def digest_of(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def key_of(record: Record) -> bytes:
    """What makes it the same document in another version: its id, or without one its texts."""
    if record.external_id:
        return b"0" + record.external_id.encode()
    return b"1" + digest_of(json.dumps(sorted(record.texts.items())).encode())


def forget_oldest(folder: Path) -> None:
    """Indexes are made again when they are wanted."""
    every = sorted(folder.glob("*.sqlite3"), key=lambda path: path.stat().st_mtime)
    for path in every[:-KEPT]:
        path.unlink(missing_ok=True)
