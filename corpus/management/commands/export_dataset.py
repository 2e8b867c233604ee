from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser

from corpus.exports import filters as export_filters
from corpus.exports.exporting import Written, unsaid_lines, write_export
from corpus.exports.filters import AGREED
from corpus.exports.options import CannotExport, Options, check
from corpus.formats import WRITABLE, format_of
from corpus.models import Answers, DatasetVersion
from corpus.progress_line import ProgressLine
from corpus.versions import tags
from corpus.versions.freeze import DatasetDamaged
from labeling.matching import KEYS, BadFilter
from projects.models import Project

FAILED, USAGE = 1, 2
SHOWN = 20


class Command(BaseCommand):
    help = (
        "Writes a project's documents with their answers to a file, or those of a dataset version. "
        "What the format cannot say is listed. Ends with 2 if the call cannot be used, 1 if the "
        "file was not written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="The project.")
        parser.add_argument("--format", choices=WRITABLE, help="Default: what --output says.")
        parser.add_argument("--output", required=True, metavar="FILE", help="“-”: to stdout")
        parser.add_argument(
            "--dataset", metavar="NUMBER", help="A frozen version, or its tag; not the project."
        )
        parser.add_argument(
            "--answers",
            choices=Answers.values,
            default=Answers.RESOLVED,
            help="A row for each document, with what people agree on; or for each person's answer.",
        )
        parser.add_argument(
            "--provenance", action="store_true", help="Add where each answer came from."
        )
        parser.add_argument(
            "--model-answers", action="store_true", help="Add what models answer, marked as theirs."
        )
        add_pairs(parser, "filter", f"Only these: {', '.join([*KEYS, AGREED])}.")
        add_pairs(parser, "option", "Of the format, as in scheme=bioes.")
        parser.add_argument("--with-split", action="store_true", help="Add each one's split.")
        parser.add_argument(
            "--spreadsheet-safe",
            action="store_true",
            help="CSV: put an apostrophe before what a spreadsheet would run as a formula.",
        )
        parser.add_argument(
            "--report", metavar="FILE", help="Write what could not be said to a CSV file."
        )
        parser.add_argument(
            "--strict", action="store_true", help="Write nothing if something cannot be said."
        )

    def handle(self, *, slug: str, output: str, strict: bool, **options: Any) -> None:
        project, dataset = self.chosen(slug, options["dataset"])
        wanted = usable(self.wanted(project, output, options), project, dataset)
        try:
            with ProgressLine(self.stderr) as line, opened(output) as out:
                written = write_export(
                    out, project=project, options=wanted, dataset=dataset, tell=line.tell
                )
                if options["report"]:
                    write_report(written, Path(options["report"]))
                if strict:
                    self.refuse_losses(written, wanted.format)
        except (CannotExport, DatasetDamaged) as why:
            raise CommandError(f"Nothing was written. {why}", returncode=FAILED) from None
        except OSError as error:
            report = options["report"]
            where = report if error.filename == report else output
            raise CommandError(f"{where}: {error.strerror}.", returncode=USAGE) from error
        self.tell_losses(written, wanted.format)
        kind = "documents" if wanted.answers == Answers.RESOLVED else "answers"
        self.stderr.write(f"Wrote {written.documents} {kind} to {output}.")

    def wanted(self, project: Project, output: str, options: dict[str, Any]) -> Options:
        """Raises CommandError."""
        try:
            filters = export_filters.by_name(pairs(options["filter"], "filter"), project)
        except BadFilter as bad:
            raise CommandError(f"--filter: {bad}", returncode=USAGE) from None
        return Options(
            format=options["format"] or format_for(output),
            answers=options["answers"],
            with_provenance=options["provenance"],
            with_model_answers=options["model_answers"],
            filters=filters,
            options=pairs(options["option"], "option"),
            with_splits=options["with_split"],
            spreadsheet_safe=options["spreadsheet_safe"],
        )

    def refuse_losses(self, written: Written, name: str) -> None:
        """Raises CannotExport."""
        if written.unsaid_count:
            self.tell_losses(written, name)
            raise CannotExport("Leave out --strict to write it without that.")

    def tell_losses(self, written: Written, name: str) -> None:
        """Say what the format could not, the first of it one by one."""
        for each in written.unsaid[:SHOWN]:
            document = each.document or "every document"
            self.stderr.write(f"{document}, {each.item}: {each.reason}")
        if more := written.unsaid_count - SHOWN if written.unsaid_count > SHOWN else 0:
            self.stderr.write(f"and {more:,} more; --report FILE lists them")
        if written.unsaid_count:
            title = WRITABLE[name].title.partition(",")[0]
            self.stderr.write(f"Could not be said in {title}: {written.unsaid_count:,}.")

    def chosen(self, slug: str, number: str | None) -> tuple[Project, DatasetVersion | None]:
        try:
            project = Project.objects.get(slug=slug, deleting_at=None)
            if number is None:
                return project, None
            return project, tags.find(project, number)
        except Project.DoesNotExist:
            raise CommandError(f"There is no project “{slug}”.", returncode=USAGE) from None
        except DatasetVersion.DoesNotExist:
            raise CommandError(
                f"“{slug}” has no dataset version {number}.", returncode=USAGE
            ) from None


def write_report(written: Written, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(unsaid_lines(written.unsaid))


def add_pairs(parser: CommandParser, name: str, words: str) -> None:
    parser.add_argument(f"--{name}", action="append", default=[], metavar="KEY=VALUE", help=words)


def pairs(words: list[str], name: str) -> dict[str, str]:
    """Raises CommandError."""
    read = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not (key and sign):
            raise CommandError(f"--{name}: “{word}” is no KEY=VALUE.", returncode=USAGE)
        read[key] = value
    return read


def usable(options: Options, project: Project, dataset: DatasetVersion | None) -> Options:
    """Raises CommandError for what does not go together."""
    try:
        return check(options, project, dataset)
    except CannotExport as why:
        raise CommandError(f"Nothing was written. {why}", returncode=USAGE) from None


def format_for(output: str) -> str:
    """The format that the file's name asks for. Raises CommandError."""
    known = format_of(output)
    if known is None or known.name not in WRITABLE:
        names = ", ".join(WRITABLE)
        raise CommandError(f"“{output}” names no format. Add --format: {names}.", returncode=USAGE)
    return known.name


@contextlib.contextmanager
def opened(output: str) -> Iterator[BinaryIO]:
    """Stdout, or a file that appears only once it is whole."""
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(output).resolve()
    with tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        try:
            yield cast("BinaryIO", file)
            file.flush()
            os.fsync(file.fileno())
            # A temporary file is its maker's alone; this one is as any other file they write.
            mask = os.umask(0)
            os.umask(mask)
            Path(file.name).chmod(0o666 & ~mask)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
