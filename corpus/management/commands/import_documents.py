from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from corpus.formats import FORMATS, format_of
from corpus.formats.options import described
from corpus.formats.options import parse as parse_options
from corpus.imports import receiving
from corpus.imports.mapping import BadMapping, Mapping, Pairs, parse
from corpus.imports.problem_report import write_problems
from corpus.models import BadRows, Import
from corpus.progress_line import ProgressLine
from corpus.record import BadFile, Problem
from projects.access import ARCHIVED
from projects.models import JobState, Project

NOT_ALL, USAGE = 1, 2
SHOWN = 20
OPTIONS = " ".join(
    f"{each.name}: {described(each.reading)}." for each in FORMATS.values() if each.reading
)


class Command(BaseCommand):
    help = (
        "Imports documents, and their answers if the file has any. A column is what it is called "
        "(id, a text field, a question, split, prediction.<question>) unless --map says otherwise; "
        "all other columns become metadata. Ends with 0 if every row came in, 1 if some or all "
        "did not, 2 if the file or the call cannot be used."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="The project.")
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", choices=FORMATS, help="Default: what the name says.")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="TARGET=COLUMN",
            help="text=COLUMN, id=COLUMN, <question>=COLUMN, meta.<key>=COLUMN, split=COLUMN, "
            "prediction.<question>=COLUMN (also .score and .model), ignore=COLUMN. Repeatable.",
        )
        parser.add_argument(
            "--option",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help=f"How the format is read. {OPTIONS} Repeatable.",
        )
        parser.add_argument("--create-labels", action="store_true")
        parser.add_argument(
            "--all-or-nothing", action="store_true", help="Import nothing if any row is bad."
        )
        parser.add_argument(
            "--again", action="store_true", help="Also if this file was imported before."
        )
        parser.add_argument(
            "--problems", type=Path, metavar="FILE.csv", help="Write every problem here."
        )

    def handle(self, *, slug: str, file: Path, **options: Any) -> None:
        try:
            project = Project.objects.get(slug=slug, deleting_at=None)
            if project.archived_at:
                raise CommandError(ARCHIVED, returncode=USAGE)
            pairs = parse(options["map"])
            Mapping(receiving.names_of(project), pairs)
            source = received(project, file, options)
        except Project.DoesNotExist:
            raise CommandError(f"There is no project “{slug}”.", returncode=USAGE) from None
        except (BadMapping, BadFile) as bad:
            raise CommandError(str(bad), returncode=USAGE) from None
        if not options["again"]:
            refuse_repetition(source)
        self.run(source, pairs, options)
        if options["problems"]:
            with options["problems"].open("wb") as report:
                write_problems(source, report)
        self.report(source)

    def run(self, source: Import, pairs: Pairs, options: dict[str, Any]) -> None:
        with ProgressLine(self.stderr) as line:
            receiving.start(
                source,
                pairs=pairs,
                options=parse_options(options["option"]),
                create_labels=options["create_labels"],
                on_bad_rows=BadRows.ALL_OR_NOTHING
                if options["all_or_nothing"]
                else BadRows.KEEP_GOOD,
                here=line.tell,
            )
        if source.job is None or source.job.state != JobState.DONE:
            why = source.job.error if source.job else ""
            raise CommandError(f"{source.file_name}: not imported. {why}", returncode=NOT_ALL)

    def report(self, source: Import) -> None:
        """Say what came in, and show the first problems; not everything in: exit with 1."""
        problems = source.problems.all()
        for problem in problems[:SHOWN]:
            told = Problem(problem.row, problem.field, problem.message, problem.remedy)
            self.stderr.write(f"{'warning: ' if problem.kept else ''}{told}")
        more = problems.count() - SHOWN
        if more > 0:
            self.stderr.write(f"... and {more} more; --problems FILE.csv writes them all.")
        warned = problems.warnings().count()
        self.stdout.write(
            f"{source.file_name}: {source.get_state_display().lower()}. "
            f"{source.documents} documents, {source.answers} of them with answers, "
            f"{source.labels_created} new labels, {source.rows_bad} bad rows"
            f"{f', {warned} warnings' if warned else ''}."
        )
        if source.rows_bad or not source.documents:
            sys.exit(NOT_ALL)


def refuse_repetition(source: Import) -> None:
    """A script that is run twice must not double a project. Raises CommandError."""
    before = receiving.imported_before(source)
    if before is None:
        return
    receiving.discard(source)
    state = "is being imported" if not before.has_ended else "was imported before"
    raise CommandError(
        f"{source.file_name} {state}, on {before.created_at:%Y-%m-%d %H:%M} UTC. "
        "Add --again to import it once more.",
        returncode=NOT_ALL,
    )


def received(project: Project, path: Path, options: dict[str, Any]) -> Import:
    """The file, taken in. Raises CommandError if it cannot be used at all."""
    guessed = format_of(path.name)
    reading = parse_options(options["option"])
    chosen = options["format"] or (guessed.name if guessed else "")
    if not chosen:
        known = ", ".join(FORMATS)
        raise CommandError(
            f"The name “{path.name}” does not tell its format. Add --format: {known}.",
            returncode=USAGE,
        )
    try:
        with path.open("rb") as stream:
            source = receiving.receive(
                project=project, file=stream, file_name=path.name, format=chosen, uploaded_by=None
            )
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.", returncode=USAGE) from error
    try:
        receiving.preview(source, reading)
    except BadFile as bad:
        receiving.discard(source)
        raise CommandError(f"{path}: {bad}", returncode=USAGE) from None
    return source
