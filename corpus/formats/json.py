"""JSON: one list of objects, read and written object by object."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from corpus.formats.lines import CHUNK, MAX_ROW_BYTES, begin, too_long
from corpus.formats.objects import as_object, parsed
from corpus.record import BadFile, Layout, Problem, Record, Row

BETWEEN = re.compile(rb"[^ \t\r\n]")
OUTSIDE_TEXT = re.compile(rb'["{}\[\]]')
INSIDE_TEXT = re.compile(rb'(?:[^"\\]++|\\[\s\S])*+')


class Scanner:
    """Finds the objects of a list by their brackets, so that one bad object is one bad row."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.offset = stream.tell()
        self.chunk = b""
        self.at = 0

    def next_byte(self) -> bytes:
        """Take the next byte that is not white space; b"" at the end."""
        while True:
            if found := BETWEEN.search(self.chunk, self.at):
                self.at = found.end()
                return found[0]
            if not self._more():
                return b""

    def next_object(self) -> tuple[int, bytes | None, int]:
        """The rest of an object whose opening brace was taken: its offset, bytes and size.

        The bytes are None when there are too many. Raises EOFError if it is not closed.
        """
        start = self.offset + self.at - 1
        data: bytearray | None = bytearray(b"{")
        for piece in self._pieces():
            if data is not None:
                data += piece
                if len(data) > MAX_ROW_BYTES:
                    data = None
        size = self.offset + self.at - start
        return start, None if data is None else bytes(data), size

    def _pieces(self) -> Iterator[bytes]:
        depth, in_text, first = 1, False, self.at
        while True:
            while depth and self.at < len(self.chunk):
                if in_text:
                    in_text = self._stays_in_text()
                    continue
                match self._next_sign():
                    case b'"':
                        in_text = True
                    case b"{" | b"[":
                        depth += 1
                    case b"}" | b"]":
                        depth -= 1
            if not depth:
                yield self.chunk[first : self.at]
                return
            yield self.chunk[first:]
            first, escaped = 0, max(self.at - len(self.chunk), 0)
            if not self._more():
                raise EOFError
            self.at = escaped

    def _next_sign(self) -> bytes:
        """Go past the next bracket or quote; b"" if the chunk holds none."""
        found = OUTSIDE_TEXT.search(self.chunk, self.at)
        self.at = found.end() if found else len(self.chunk)
        return found[0] if found else b""

    def _stays_in_text(self) -> bool:
        """Go to the end of a text or of the chunk; whether the text goes on in the next."""
        found = INSIDE_TEXT.match(self.chunk, self.at)
        end = found.end() if found else self.at
        follows = self.chunk[end : end + 1]
        # A backslash that ends the chunk takes the first byte of the next one with it.
        self.at = end + (2 if follows == b"\\" else len(follows))
        return follows != b'"'

    def _more(self) -> bool:
        self.offset += len(self.chunk)
        self.chunk, self.at = self.stream.read(CHUNK), 0
        return bool(self.chunk)


def read(stream: BinaryIO) -> Iterator[Row | Problem]:
    """Rows, counted from 1 in the order of the list. Raises BadFile."""
    begin(stream)
    scanner = Scanner(stream)
    if scanner.next_byte() != b"[":
        raise _bad(0, "This is not a JSON list.", "If each line is an object, choose JSON Lines.")
    number, byte = 0, scanner.next_byte()
    while byte != b"]" or number:
        number += 1
        if byte != b"{":
            raise _bad(number, "This is not a JSON object.", "Write each document as an object.")
        yield _object(scanner, number)
        byte = scanner.next_byte()
        if byte == b"]":
            break
        if byte != b",":
            raise _bad(number, "No comma or ] follows this object.", "Is the file cut off here?")
        byte = scanner.next_byte()
    if scanner.next_byte():
        raise _bad(number, "Something follows the end of the list.", "Remove what follows the ].")


def _object(scanner: Scanner, number: int) -> Row | Problem:
    try:
        offset, data, size = scanner.next_object()
    except EOFError:
        raise _bad(number, "This object is never closed.", "Is the file cut off?") from None
    return too_long(number, size) if data is None else parsed(number, data, offset)


def write(records: Iterable[Record], layout: Layout, out: BinaryIO) -> int:
    """Returns how many were written."""
    count = 0
    for count, record in enumerate(records, 1):
        out.write(b"[\n" if count == 1 else b",\n")
        out.write(as_object(record, layout).encode())
    out.write(b"\n]\n" if count else b"[]\n")
    return count


def _bad(row: int, message: str, remedy: str) -> BadFile:
    return BadFile(Problem(row, "", message, remedy))
