"""Files that know their own sha256."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO

CHUNK = 1024 * 1024


class HashingWriter(io.RawIOBase):
    """Passes bytes on and keeps their sha256 and number."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._out.write(data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def sha256_of(stream: BinaryIO) -> str:
    """Of what is left of the stream, read in pieces."""
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
