"""A folder as one zip file that is made while it is sent: nothing is written to disk."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from asgiref.sync import sync_to_async

PIECE = 1024 * 1024


class Outgoing(io.RawIOBase):
    """Takes what a zip file is made of; whoever sends it takes it out again."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        taken, self.pieces = b"".join(self.pieces), []
        return taken


def zipped(folder: Path, names: Iterable[str], moment: datetime, *, inside: str) -> Iterator[bytes]:
    """The bytes of a zip of these files, stored as they are: weights do not shrink.

    `moment`: the time each file bears, so that the same folder gives the same bytes. `inside`:
    the folder that they lie in when it is unpacked.
    """
    out = Outgoing()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(names):
            info = zipfile.ZipInfo(f"{inside}/{name}", moment.timetuple()[:6])
            info.external_attr = 0o644 << 16
            with (
                (folder / name).open("rb") as source,
                archive.open(info, "w", force_zip64=True) as target,
            ):
                while piece := source.read(PIECE):
                    target.write(piece)
                    yield out.taken()
    yield out.taken()


async def awaited(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same for an event loop, which must not read files."""
    following = sync_to_async(lambda: next(pieces, None), thread_sensitive=False)
    while (piece := await following()) is not None:
        yield piece
