"""What every format looks at before it reads."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sqlite3
import zipfile

import pytest

from corpus.formats import FORMATS, WRITABLE, format_of
from corpus.record import BadFile
from tests.corpus.reading import values


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as folder:
        folder.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


def database() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE t (x)")
        return connection.serialize()


DISGUISED = {
    "a ZIP archive or an Excel workbook": archive(),
    "compressed with gzip": gzip.compress(b"text\na\n"),
    "compressed with bzip2": bz2.compress(b"text\na\n"),
    "compressed with xz": lzma.compress(b"text\na\n"),
    "a SQLite database": database(),
    "a PDF": b"%PDF-1.7\n...",
    "a Parquet file": b"PAR1\x15\x04\x15",
    "an old Excel or Word document": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("name", "data"), DISGUISED.items(), ids=DISGUISED)
def test_a_file_that_is_something_else_is_named(kind, name, data):
    with pytest.raises(BadFile) as refused:
        list(FORMATS[kind].read(io.BytesIO(data)))

    assert str(refused.value) == (
        f"file: This is {name}, not a text file. "
        "Unpack it or export it as CSV, JSON, JSONL or plain text, and import that."
    )


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_refused_with_what_to_do(kind, encoding):
    data = '[{"text": "Grüße"}]\n'.encode(encoding)

    with pytest.raises(BadFile, match=r"This is UTF-16 or binary.*Save it as UTF-8.*iconv"):
        list(FORMATS[kind].read(io.BytesIO(data)))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("data", [b"", b"\n \r\n\t", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_refused(kind, data):
    with pytest.raises(BadFile, match=r"The file is empty\. Choose a file that holds documents\."):
        list(FORMATS[kind].read(io.BytesIO(data)))


@pytest.mark.parametrize("start", ["PAR1", "BZhang", "%PDF", "PK", "SQLite"])
def test_words_that_only_look_like_another_file_are_text(start):
    assert values("csv", f"{start},text\n1,a\n".encode()) == [{start: "1", "text": "a"}]


@pytest.mark.parametrize(
    ("file_name", "expected"),
    [
        ("a.csv", "csv"),
        ("A.CSV", "csv"),
        ("a.b.tsv", "csv"),
        ("a.json", "json"),
        ("a.jsonl", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.txt", "txt"),
        ("a.xlsx", None),
        ("csv", None),
    ],
)
def test_a_file_name_speaks_of_its_format(file_name, expected):
    found = format_of(file_name)

    assert (found and found.name) == expected


def test_every_format_but_the_whole_file_is_written():
    assert list(WRITABLE) == ["csv", "json", "jsonl", "conll", "txt"]
