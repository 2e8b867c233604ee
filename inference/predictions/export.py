"""What a version said, as CSV or JSON Lines, written while it is read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from corpus.cells import encode_answer, spreadsheet_safe
from inference.models import Suggestion
from inference.predictions.search import Filters, found, rows_of
from inference.threads import in_thread
from projects.models import Project, Question, QuestionKind

FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
CHUNK = 500
COLUMNS = ("id", "question", "answer", "score", "model", "version", "time")


def lines_of(project: Project, filters: Filters, form: str) -> Iterator[str]:
    """The file in pieces, the newest prediction first; each piece asks the database anew."""
    names = dict(filters.version.question.labels.values_list("pk", "name"))
    yield _csv([COLUMNS]) if form == "csv" else ""
    wanted, after = found(filters).select_related("document"), 0
    while window := list((wanted.filter(pk__lt=after) if after else wanted)[:CHUNK]):
        after = window[-1].pk
        if filters.differs:
            of_all = rows_of(project, filters.version.question, window)
            window = [row.suggestion for row in of_all if row.differs]
        values = [_values(one, filters, names) for one in window]
        if form == "csv":
            yield _csv([[_cell(of[name], name) for name in COLUMNS] for of in values])
        else:
            yield "".join(json.dumps(of, ensure_ascii=False) + "\n" for of in values)


def download(request: HttpRequest, lines: Iterator[str], *, name: str) -> StreamingHttpResponse:
    """Send the pieces as they come, none of them read on the event loop."""
    content = _off_the_loop(lines) if isinstance(request, ASGIRequest) else lines
    form = name.rpartition(".")[2]
    response = StreamingHttpResponse(content, content_type=FORMATS[form])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


async def _off_the_loop(lines: Iterator[str]) -> AsyncIterator[str]:
    following = in_thread(_next)
    while (piece := await following(lines)) is not None:
        yield piece


def _next(lines: Iterator[str]) -> str | None:
    return next(lines, None)


def _values(one: Suggestion, filters: Filters, names: Mapping[int, str]) -> dict[str, Any]:
    question = filters.version.question
    return {
        "id": one.document.external_id or str(one.document_id),
        "question": question.name,
        "answer": _answer(one, question, names),
        "score": one.score,
        "model": filters.version.name,
        "version": one.version,
        "time": one.created_at.isoformat(),
    }


def _answer(one: Suggestion, question: Question, names: Mapping[int, str]) -> Any:
    """What the model would pick: a label's name, names, or spans; None where it abstained."""
    said = [item for item in one.items if item["offered"] and item["label"] in names]
    if question.kind == QuestionKind.SPAN:
        return [
            {
                "field": item["field"],
                "start": item["start"],
                "end": item["end"],
                "label": names[item["label"]],
                "score": item["score"],
            }
            for item in said
        ]
    chosen = [names[item["label"]] for item in said]
    if question.multiple:
        return chosen
    return chosen[0] if chosen else None


def _cell(value: Any, column: str) -> str:
    text = encode_answer(value) if column == "answer" else str("" if value is None else value)
    return spreadsheet_safe(text)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
