from __future__ import annotations

import csv
import io
from typing import IO

from corpus.cells import spreadsheet_safe
from corpus.models import Import

HEADER = ("row", "column", "problem", "what to do", "as it came", "came in")
FIELDS = ("row", "field", "message", "remedy", "raw", "kept")


def write_problems(source: Import, out: IO[bytes]) -> None:
    """Every problem of the import as CSV, safe to open in a spreadsheet. Row 0 is the file."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for row, *words, kept in source.problems.values_list(*FIELDS).iterator():
        writer.writerow([row, *map(spreadsheet_safe, words), "yes" if kept else "no"])
    text.detach()
