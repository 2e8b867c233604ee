"""Files that are too big to write down: a head, one piece repeated, a tail."""

from __future__ import annotations

import io

MB = 1_000_000


class Big(io.RawIOBase):
    def __init__(self, head: bytes, piece: bytes, *, size: int, tail: bytes) -> None:
        self.head, self.tail = head, tail
        self.block = piece * (65536 // len(piece))
        self.middle = size // len(self.block) * len(self.block)
        self.size = len(head) + self.middle + len(tail)
        self.at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer) -> int:
        data = self._data()[: len(buffer)]
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)

    def _data(self) -> bytes:
        inside = self.at - len(self.head)
        if inside < 0:
            return self.head[self.at :]
        if inside < self.middle:
            return self.block[inside % len(self.block) :]
        return self.tail[inside - self.middle :]


def big(head: bytes, piece: bytes, tail: bytes, *, size: int = 100 * MB) -> io.BufferedReader:
    return io.BufferedReader(Big(head, piece, size=size, tail=tail))
