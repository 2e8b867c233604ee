"""Bytes in, lines out, in constant memory whatever the file holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from corpus.record import BadFile, Problem

MAX_ROW_BYTES = 4 * 1024 * 1024
"""A row that is longer is refused by its number, and read past."""

MOST_COLUMNS = 1000
CHUNK = 64 * 1024
HEAD = 1024
UTF8_BOM = b"\xef\xbb\xbf"

DISGUISES = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"BZh91AY&SY", "compressed with bzip2"),
    (b"\xfd7zXZ", "compressed with xz"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document"),
    (b"%PDF-", "a PDF"),
    (b"PAR1\x15", "a Parquet file"),
    (b"SQLite format 3\0", "a SQLite database"),
)
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
SAVE_AS_UTF8 = (
    "Save it as UTF-8 and import it again. Excel calls that “CSV UTF-8”; in a shell: "
    "iconv -f {} -t UTF-8 FILE > NEW_FILE"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its end. One that is too long has no data, only its size and quotes."""

    number: int
    offset: int
    size: int
    quotes: int
    data: bytes | None


def begin(stream: BinaryIO) -> None:
    """Check that this can be text, and stand after a byte order mark. Raises BadFile."""
    stream.seek(0)
    head = stream.read(HEAD)
    for start, name in DISGUISES:
        if head.startswith(start):
            remedy = "Unpack it or export it as CSV, JSON, JSONL or plain text, and import that."
            raise _bad(f"This is {name}, not a text file.", remedy)
    if head.startswith(UTF16_BOMS) or head.count(0) > len(head) // 4:
        raise _bad("This is UTF-16 or binary, not UTF-8 text.", SAVE_AS_UTF8.format("UTF-16"))
    if not head.removeprefix(UTF8_BOM).strip(b" \t\r\n") and len(head) < HEAD:
        raise _bad("The file is empty.", "Choose a file that holds documents.")
    stream.seek(len(UTF8_BOM) if head.startswith(UTF8_BOM) else 0)


def lines(stream: BinaryIO) -> Iterator[Line]:
    """Lines from where the stream stands. Only a line feed ends a line."""
    offset, number = stream.tell(), 0
    while data := stream.readline(MAX_ROW_BYTES):
        number += 1
        size, quotes = len(data), data.count(b'"')
        whole = size < MAX_ROW_BYTES or data.endswith(b"\n")
        while not whole and (rest := stream.readline(CHUNK)):
            size += len(rest)
            quotes += rest.count(b'"')
            if rest.endswith(b"\n"):
                break
        yield Line(number, offset, size, quotes, data if whole else None)
        offset += size


def too_long(row: int, size: int) -> Problem:
    limit = MAX_ROW_BYTES // 1024 // 1024
    message = f"This row is {size:,} bytes long; {limit} MiB is the most."
    return Problem(row, "", message, "Split the text into several documents.")


def too_wide(row: int, columns: int) -> Problem:
    message = f"This row has {columns:,} columns; {MOST_COLUMNS:,} is the most."
    return Problem(row, "", message, "Leave some out, or gather them in a list.")


def not_utf8(row: int, field: str, offset: int, byte: int) -> Problem:
    return Problem(
        row,
        field,
        f"Byte 0x{byte:02X} at position {offset} of the file is not UTF-8.",
        SAVE_AS_UTF8.format("WINDOWS-1252"),
    )


def _bad(message: str, remedy: str) -> BadFile:
    return BadFile(Problem(0, "", message, remedy))
