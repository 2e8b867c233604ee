"""Files in the storage that no row names, not yet or no more: none of them outlives its process.

Their names are noted in the data folder first, and the process holds the note locked as long as it
lives. Then it clears up itself; if it is killed, the workers find a note that nobody holds.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.core.files import locks
from django.core.files.storage import default_storage

logger = logging.getLogger(__name__)

FOLDER = "loose"
GATE = "gate"
"""Held while a note is made, so that none is read before it is written and locked."""

Claim = Callable[[str], bool]
claims: list[Claim] = []


def claims_files(claim: Claim) -> Claim:
    """Ask this whether a row names a file. So each room says which are its own."""
    claims.append(claim)
    return claim


@contextmanager
def loose(*names: str) -> Iterator[None]:
    """Inside, what lies under these names may belong to no row; afterwards it does, or is gone.

    A name that ends with a slash is a folder's. Enter before the first byte is written or the row
    is let go, and leave after the transaction.
    """
    with _note(names) as path:
        try:
            yield
        finally:
            _clear(names)
            path.unlink(missing_ok=True)


def sweep() -> None:
    """Clear up after processes that were killed."""
    for path in _folder().glob("*.txt") if _folder().is_dir() else ():
        with suppress(FileNotFoundError), path.open() as note, _gate():
            if locks.lock(note, locks.LOCK_EX | locks.LOCK_NB):
                # A disk that was full may have cut the last one short.
                names = [line[:-1] for line in note if line.endswith("\n")]
                logger.warning("clearing up after a killed process", extra={"names": names})
                _clear(names)
                path.unlink(missing_ok=True)


@contextmanager
def _note(names: Iterable[str]) -> Iterator[Path]:
    _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    path = _folder() / f"{uuid.uuid4().hex}.txt"
    with _gate():
        note = path.open("x")
        locks.lock(note, locks.LOCK_EX)
        note.writelines(f"{name}\n" for name in names)
        note.flush()
    with note:
        yield path


@contextmanager
def _gate() -> Iterator[None]:
    with (_folder() / GATE).open("w") as gate:
        locks.lock(gate, locks.LOCK_EX)
        yield


def _clear(names: Iterable[str]) -> None:
    for name in names:
        if any(claim(name) for claim in claims):
            continue
        with suppress(FileNotFoundError):
            for file in default_storage.listdir(name)[1] if name.endswith("/") else ():
                default_storage.delete(name + file)
        default_storage.delete(name.rstrip("/"))


def _folder() -> Path:
    return Path(settings.DATA_DIR) / FOLDER
