"""The formats that documents come and go in. One module each, reading and writing side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO

from corpus.formats import conll, csv, json, jsonl, txt
from corpus.formats.options import Option, checked
from corpus.record import Layout, Problem, Record, Row

Read = Callable[..., Iterator[Row | Problem]]
"""Of a stream, and of the format's options by name."""

Write = Callable[[Iterable[Record], Layout, BinaryIO], int]


@dataclass(frozen=True, slots=True)
class Format:
    name: str
    title: str
    suffixes: tuple[str, ...]
    read: Read
    write: Write | None
    media_type: str
    reading: tuple[Option, ...] = ()
    writing: tuple[Option, ...] = ()

    def rows(
        self, stream: BinaryIO, options: Mapping[str, str] | None = None
    ) -> Iterator[Row | Problem]:
        """The rows of a file, read as these options say. Raises BadFile."""
        return self.read(stream, **checked(options or {}, self.reading))


_EVERY = (
    Format("csv", "CSV", (".csv", ".tsv"), csv.read, csv.write, "text/csv", reading=csv.READING),
    Format("json", "JSON", (".json",), json.read, json.write, "application/json"),
    Format(
        "jsonl", "JSON Lines", (".jsonl", ".ndjson"), jsonl.read, jsonl.write, "application/jsonl"
    ),
    Format(
        "conll",
        "CoNLL, a token and its tag on each line",
        (".conll", ".conllu", ".iob", ".iob2", ".bio", ".bioes"),
        conll.read,
        conll.write,
        "text/plain",
        reading=conll.READING,
        writing=conll.WRITING,
    ),
    Format("txt", "Text, one document a line", (".txt",), txt.read, txt.write, "text/plain"),
    Format("txt-file", "Text, the whole file", (), txt.read_whole, None, "text/plain"),
)
FORMATS = {each.name: each for each in _EVERY}
WRITABLE = {each.name: each for each in _EVERY if each.write}
WRITERS: dict[str, Write] = {each.name: each.write for each in _EVERY if each.write}


def format_of(file_name: str) -> Format | None:
    """The format that a file's name speaks of."""
    suffix = PurePath(file_name).suffix.lower()
    return next((each for each in _EVERY if suffix in each.suffixes), None)
