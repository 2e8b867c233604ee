"""Every plain file that another tool wrote comes in exactly, or each row says why it does not.

What comes in is compared with what the standard library reads in the same file.
"""

import csv
import json

import pytest

from corpus.cells import decode, labels_in
from corpus.formats import WRITABLE
from corpus.formats.blocks import blocks, columns_of
from corpus.imports.mapping import META
from corpus.record import Record
from tests.corpus.fixtures_of_other_tools import (
    DATA,
    FIXTURES,
    formats_of,
    outcome_of,
    plain_files,
)

FILES = plain_files(FIXTURES) if FIXTURES.exists() else []
CASES = [(path, name, options) for path in FILES for name, options in formats_of(path)]
KNOWN = {"csv", "json", "jsonl", "txt", "conll"}

needs_fixtures = pytest.mark.skipif(not CASES, reason="needs the files of other tools")
needs_data = pytest.mark.skipif(not DATA.exists(), reason="needs the shared data")


def raw_rows(path, name):
    """What the standard library makes of a file, row by row; None where it cannot."""
    text = path.read_bytes().decode("utf-8-sig")
    if name == "json":
        return [_flat(row) for row in json.loads(text)]
    if name == "jsonl":
        return [_flat(json.loads(line)) for line in text.split("\n") if line.strip()]
    if name == "csv":
        first = text.split("\n", 1)[0]
        delimiter = max(",;\t", key=first.count)
        return list(csv.DictReader(text.splitlines(keepends=True), delimiter=delimiter))
    return [{"text": line.removesuffix("\r")} for line in text.split("\n") if line.strip("\r")]


def _flat(row):
    meta = row.get("meta")
    if not isinstance(meta, dict):
        return row
    return {k: v for k, v in row.items() if k != "meta"} | {f"meta.{k}": v for k, v in meta.items()}


def spans_of(value):
    """Start, end and label of what another tool wrote."""
    found = set()
    for entry in value:
        if isinstance(entry, list):
            found.add((entry[0], entry[1], str(entry[2])))
            continue
        start, end = entry.get("span") or (
            entry.get("start", entry.get("start_offset")),
            entry.get("end", entry.get("end_offset")),
        )
        found.add((start, end, str(entry.get("label", entry.get("type")))))
    return found


def assert_is(record, raw, uses, *, cells):
    """Every value of the raw row is where the suggested columns put it."""
    assert isinstance(record, Record)
    for column, value in raw.items():
        use = uses.get(column, column if column.startswith(META) else META + column)
        if use == "text":
            assert record.texts["text"] == (value or "")
        elif use == "entities":
            listed = labels_in(value) if cells else value
            if listed not in (None, ""):
                found = {(s.start, s.end, s.label) for s in record.answers["entities"]}
                assert found == spans_of(listed)
                _assert_nothing_lost(record, column, listed)
        elif use == "topics":
            assert {*record.answers.get("topics", ())} == _labels(
                labels_in(value) if cells else value
            )
        elif use == "id":
            assert record.external_id == ("" if value is None else str(value))
        elif use == "split":
            assert bool(record.split) == bool(value)
        elif not (cells and value == ""):
            kept = record.meta[use.removeprefix(META)]
            assert kept == (decode(value) if cells else value)


def _assert_nothing_lost(record, column, value):
    """What spans say beyond their place stands in the list that was kept."""
    plain = {"start", "end", "label", "start_offset", "end_offset", "span", "type", "text", "name"}
    beyond = any(isinstance(entry, dict) and not plain.issuperset(entry) for entry in value)
    assert beyond <= (record.meta.get(column.removeprefix(META)) == value)


def _labels(value):
    if value in (None, ""):
        return set()
    return {str(each) for each in (value if isinstance(value, list) else [value])}


@needs_fixtures
def test_the_files_are_there_in_every_format():
    assert {name for _, name, _ in CASES} == KNOWN
    assert set(WRITABLE) >= KNOWN
    assert len(CASES) > 100


@needs_fixtures
@pytest.mark.parametrize(
    ("path", "name", "options"), CASES, ids=[f"{p.parent.name}/{p.name}-{n}" for p, n, _ in CASES]
)
def test_a_file_comes_in_exactly_or_says_why_not(path, name, options):
    found = outcome_of(path, name, options)

    for problem in found.problems:
        assert problem.row > 0
        assert problem.message
        assert problem.remedy
    if found.ended:
        assert found.ended.message
        assert found.ended.remedy
        return
    accounted = {record.row for record in found.records} | {p.row for p in found.problems}
    assert {row.number for row in found.rows} <= accounted
    assert found.records or found.problems
    if name == "conll":
        assert_tokens_are_there(found, path)
    elif not any(
        problem.row not in {row.number for row in found.rows} for problem in found.problems
    ):
        raws = raw_rows(path, name)
        assert len(raws) == len(found.rows)
        records = {record.row: record for record in found.records}
        for row, raw in zip(found.rows, raws, strict=True):
            if row.number in records:
                assert_is(records[row.number], raw, found.uses, cells=row.cells)


def assert_tokens_are_there(found, path):
    """The texts hold every token of every sentence that came in, and the spans every tag."""
    with path.open("rb") as stream:
        columns = columns_of(stream, "", "")
        every = [block for block in blocks(stream, columns) if not block.problem]
    cells = [cells for block in every if not block.is_document_start for _, cells in block.lines]
    texts = "".join(record.texts["text"] for record in found.records)
    tokens = "".join(cell[columns.token] for cell in cells)
    assert "".join(texts.split()) == "".join(tokens.split())
    begun = sum(cell[columns.tag].startswith("B-") for cell in cells)
    repaired = sum("goes on where" in note.message for r in found.records for note in r.notes)
    spans = [span for record in found.records for span in record.answers["entities"]]
    assert len(spans) == begun + repaired


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "format_", "options", "documents", "spans"),
    [
        ("uner_en_ewt/en_ewt-ud-dev.iob2", "conll", {}, 2001, 966),
        ("uner_en_ewt/en_ewt-ud-dev.iob2", "conll", {"documents": "documents"}, 318, 966),
        ("stockmark_ja_ner/ner.json", "json", {}, 5343, 13185),
        ("hebrew_sentiment/token_test.tsv", "csv", {"header": "no", "quotes": "no"}, 2560, 0),
        ("goemotions/original/dev.tsv", "csv", {"header": "no", "quotes": "no"}, 5426, 0),
        ("banking77/test.csv", "csv", {}, 3080, 0),
    ],
)
def test_real_data_comes_in_whole(name, format_, options, documents, spans):
    found = outcome_of(DATA / name, format_, options)

    assert found.ended is None
    assert found.problems == []
    assert len(found.records) == documents
    assert sum(len(r.answers.get("entities", ())) for r in found.records) == spans
    if format_ == "json":
        raws = raw_rows(DATA / name, "json")
        for record, raw in zip(found.records, raws, strict=True):
            assert_is(record, raw, found.uses, cells=False)
