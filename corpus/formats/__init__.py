"""The formats that documents come and go in. One module each, reading and writing side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO

from corpus.formats import csv, json, jsonl, txt
from corpus.record import Layout, Problem, Record, Row

Read = Callable[[BinaryIO], Iterator[Row | Problem]]
Write = Callable[[Iterable[Record], Layout, BinaryIO], int]


@dataclass(frozen=True, slots=True)
class Format:
    name: str
    title: str
    suffixes: tuple[str, ...]
    read: Read
    write: Write | None
    media_type: str


_EVERY = (
    Format("csv", "CSV", (".csv", ".tsv"), csv.read, csv.write, "text/csv"),
    Format("json", "JSON", (".json",), json.read, json.write, "application/json"),
    Format(
        "jsonl", "JSON Lines", (".jsonl", ".ndjson"), jsonl.read, jsonl.write, "application/jsonl"
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
