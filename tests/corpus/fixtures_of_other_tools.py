"""What comes of each plain file that another tool wrote: rows that come in, rows that do not, why.

    python -m tests.corpus.fixtures_of_other_tools

prints it as a table. Nothing is written to a database.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from pathlib import Path

from corpus.formats import FORMATS, format_of
from corpus.imports.mapping import BadMapping, Mapping, Names
from corpus.imports.rows import record_of
from corpus.imports.suggesting import suggested
from corpus.imports.values import Asked
from corpus.record import SPAN, BadFile, Problem, Record, Row

SHARED = Path(__file__).resolve().parents[3] / "shared"
FIXTURES, DATA = SHARED / "fixtures", SHARED / "data"
SUFFIXES = {".csv", ".json", ".jsonl", ".txt", ".tsv", ".conll", ".iob", ".iob2"}
NAMES = Names(text_fields=("text",), questions=("topics", "entities"), spans=("entities",))
ASKED = {
    "topics": Asked(multiple=True, required=False, labels=frozenset(), open=True),
    "entities": Asked(
        multiple=False,
        required=False,
        labels=frozenset(),
        open=True,
        kind=SPAN,
        overlapping=True,
    ),
}
PREVIEW = 20
VALUE = re.compile(r"“[^”]*”|\d[\d,]*")
WITHOUT_HEADER = ("hebrew_sentiment", "goemotions")


@dataclass
class Outcome:
    """One file, read as a person would who follows the suggestions of the page."""

    path: Path
    format: str
    rows: list[Row] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ended: Problem | None = None
    uses: MappingType[str, str] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        return len({problem.row for problem in self.problems})

    @property
    def reasons(self) -> Counter[str]:
        """Each reason and how often, without what only names a value."""
        whole = [*self.problems, *([self.ended] if self.ended else [])]
        return Counter(VALUE.sub("…", problem.message)[:70] for problem in whole)


def plain_files(*roots: Path) -> list[Path]:
    """Every file in a format that can be imported; what its name says, and the tagged ones."""
    found = [path for root in roots for path in sorted(root.rglob("*")) if path.is_file()]
    return [
        path
        for path in found
        if (path.suffix in SUFFIXES or ".conll2003" in path.name) and path.name not in NOT_DATA
    ]


NOT_DATA = {"SOURCE.txt", "LICENSE.txt", "README.txt"}


def formats_of(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """How this file can be meant: by its name, and as tags where a .txt holds those."""
    guessed = format_of(path.name)
    if ".conll2003" in path.name:
        yield "conll", {"documents": "documents"}
    elif guessed is not None:
        bare = path.suffix == ".tsv" and any(name in path.parts for name in WITHOUT_HEADER)
        yield guessed.name, {"header": "no", "quotes": "no"} if bare else {}
    if "sequence_labeling" in str(path) and path.suffix == ".txt":
        yield "conll", {}


def outcome_of(path: Path, name: str, options: MappingType[str, str]) -> Outcome:
    found = Outcome(path, name)
    with path.open("rb") as stream:
        try:
            for item in FORMATS[name].rows(stream, options):
                (found.rows if isinstance(item, Row) else found.problems).append(item)  # type: ignore[arg-type]
        except BadFile as bad:
            found.ended = bad.problem
    if not found.rows:
        return found
    columns = list(dict.fromkeys(column for row in found.rows[:PREVIEW] for column in row.values))
    given = {"txt": [("text", "text")], "conll": [("entities", "token.tags")]}
    found.uses = suggested(
        Mapping(NAMES, given.get(name, [])), ASKED, columns, found.rows[:PREVIEW]
    )
    if "text" not in found.uses.values():
        found.ended = Problem(0, "text", "No column holds a text.", "Choose another file.")
        return found
    mapping = _mapping(found)
    for row in found.rows:
        made = record_of(row, mapping, ASKED)
        if isinstance(made, Record):
            found.records.append(made)
        else:
            found.problems += made
    return found


def _mapping(found: Outcome) -> Mapping:
    try:
        return Mapping(NAMES, [(use, column) for column, use in found.uses.items()])
    except BadMapping as bad:
        raise AssertionError(f"{found.path}: the suggestion cannot be meant: {bad}") from bad


def table(paths: list[Path], root: Path) -> Iterator[str]:
    yield "| file | as | in | spans | warnings | refused | why |"
    yield "|---|---|--:|--:|--:|--:|---|"
    total: Counter[str] = Counter()
    for path in paths:
        for name, options in formats_of(path):
            found = outcome_of(path, name, options)
            spans = sum(len(record.answers.get("entities", ())) for record in found.records)
            notes = sum(len(record.notes) for record in found.records)
            refused = found.refused or (1 if found.ended and not found.records else 0)
            why = "; ".join(f"{reason.strip()} ({n})" for reason, n in found.reasons.most_common(3))
            total += Counter(
                files=1, rows=len(found.records), spans=spans, warnings=notes, refused=refused
            )
            total["whole"] += not found.problems and found.ended is None
            total["nothing"] += not found.records
            yield (
                f"| {path.relative_to(root)} | {name} | {len(found.records)} | {spans} | {notes} "
                f"| {refused} | {why} |"
            )
    yield ""
    yield ", ".join(f"{name}: {number}" for name, number in total.items())


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotate.settings")
    import django

    django.setup()
    for folder in (FIXTURES, DATA):
        print(f"\n## {folder.name}\n")  # noqa: T201
        for line in table(plain_files(folder), folder):
            print(line)  # noqa: T201
