from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from corpus.formats import FORMATS, Format, format_of
from corpus.record import BadFile, Problem, Row
from inference import engine, live
from inference.engine import Serving, Unavailable
from inference.live import LiveHead
from inference.opening import Needs, Opened, heard, needs_of
from inference.promoted.readers import outputs_of
from inference.spans.word_memory import unread, words_of
from inference.spans.words import Words
from inference.suggesting import said_by
from labeling.exposures import SuggestedItem
from projects.models import Document, Label, Project

USAGE = 2
CHUNK = 256


class Command(BaseCommand):
    help = (
        "Writes what the serving model suggests for the texts of a file: one JSON object a line, "
        "with the row, its id if it has one, and the suggestions for each question. An empty "
        "list means that the model abstains. Exit code 1: some rows could not be read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="The project whose questions are answered.")
        parser.add_argument("file", help="Texts in the project's text fields: JSONL, CSV, TXT …")
        parser.add_argument("--format", choices=sorted(FORMATS), help="When the name does not say.")

    def handle(self, *, slug: str, file: str, **options: Any) -> None:
        project = Project.objects.filter(slug=slug, deleting_at=None).first()
        if project is None:
            raise CommandError(f"There is no project “{slug}”.", returncode=USAGE)
        rows = read(Path(file), options["format"])
        serving, heads = started(project)
        names = dict(Label.objects.filter(question__project=project).values_list("pk", "name"))
        questions = dict(project.questions.values_list("pk", "name"))
        needs = needs_of(heads)
        unread = 0
        for chunk in chunks(rows):
            good, problems = texts_of(chunk, project)
            for problem in problems:
                self.stderr.write(str(problem))
            unread += len(problems)
            for row, opened in read_by(serving, project, good, needs):
                speakers = [opened.speaker(head) for head in heads]
                said = {
                    questions[head.question]: spoken(head, said_by(head, opened), names)
                    for head in speakers
                }
                line = {"row": row.number, "id": row.values.get("id"), "suggestions": said}
                self.stdout.write(json.dumps(line, ensure_ascii=False))
        if unread:
            raise CommandError(f"{unread} rows could not be read.")


def read(path: Path, name: str | None) -> Iterator[Row | Problem]:
    """The rows of a file. Raises CommandError for one that cannot be opened or understood."""
    form: Format | None = FORMATS[name] if name else format_of(path.name)
    if form is None:
        raise CommandError(f"{path}: say what it is with --format.", returncode=USAGE)
    try:
        with path.open("rb") as stream:
            yield from form.read(stream)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.", returncode=USAGE) from error
    except BadFile as bad:
        raise CommandError(f"{path}: {bad}") from bad


def started(project: Project) -> tuple[Serving, Sequence[LiveHead]]:
    """The engine, warm, and the project's heads. Raises CommandError when there are none."""
    try:
        serving = engine.serving()
        serving.started.result()
        heads = live.refresh(project)
    except Unavailable as reason:
        raise CommandError(str(reason)) from reason
    if not heads:
        raise CommandError("No question of this project has labels to suggest.")
    return serving, heads


def chunks(rows: Iterable[Row | Problem]) -> Iterator[list[Row | Problem]]:
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


Readable = tuple[Row, list[tuple[str, str]]]
"""A row and its text fields, in the project's order."""


def texts_of(
    chunk: Iterable[Row | Problem], project: Project
) -> tuple[list[Readable], list[Problem]]:
    """The rows whose texts can be read, and the problems."""
    good: list[Readable] = []
    problems: list[Problem] = []
    for row in chunk:
        if isinstance(row, Problem):
            problems.append(row)
            continue
        values = [(name, row.values.get(name)) for name in project.text_fields]
        texts = [(name, value) for name, value in values if isinstance(value, str)]
        if len(texts) == len(values):
            good.append((row, texts))
        else:
            fields = ", ".join(project.text_fields)
            problems.append(Problem(row.number, fields, "There is no text here."))
    return good, problems


def read_by(
    serving: Serving, project: Project, rows: Sequence[Readable], needs: Needs
) -> Iterator[tuple[Row, Opened]]:
    """Each row, and as a document that is not stored what its suggestions need: the vector of its
    texts, joined, their words, and what promoted versions say of them.
    """
    joined = ["\n\n".join(text for _, text in fields) for _, fields in rows]
    vectors = serving.batcher.encode_all(joined) if needs.vector else [None] * len(rows)
    outputs = {pk: outputs_of(promoted, joined) for pk, promoted in needs.promoted}
    for place, (row, fields) in enumerate(rows):
        words = _words(serving, list({text for _, text in fields}), needs)
        yield (
            row,
            Opened(
                Document(project=project, texts=dict(fields)),
                serving.engine.name,
                vectors[place],
                words=words,
                tuned=heard(words, needs),
                outputs={pk: of[place] for pk, of in outputs.items() if of is not None},
            ),
        )


def _words(serving: Serving, texts: list[str], needs: Needs) -> dict[str, Words]:
    if not needs.words:
        return {}
    if not needs.states:
        return {text: unread(text) for text in texts}
    readings = serving.batcher.read_all(texts)
    return {text: words_of(text, one.states) for text, one in zip(texts, readings, strict=True)}


def spoken(
    head: LiveHead, items: Sequence[SuggestedItem], names: Mapping[int, str]
) -> dict[str, Any]:
    """As frames have it, with names of labels for their ids."""
    return {
        "model": {"name": head.name, "version": head.version},
        "items": [{**item, "label": names[item["label"]]} for item in items],
    }
