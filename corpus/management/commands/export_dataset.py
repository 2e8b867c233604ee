from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser

from corpus.exporting import CannotExport, Options, write_export
from corpus.formats import WRITABLE, format_of
from corpus.freeze import DatasetDamaged
from corpus.models import DatasetVersion
from corpus.progress_line import ProgressLine
from projects.models import Project

FAILED, USAGE = 1, 2


class Command(BaseCommand):
    help = (
        "Writes a project's documents with their resolved answers to a file, or those of a "
        "dataset version. Ends with 2 if the call cannot be used, 1 if the file was not written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="The project.")
        parser.add_argument("--format", choices=WRITABLE, help="Default: what --output says.")
        parser.add_argument("--output", required=True, metavar="FILE", help="“-”: to stdout")
        parser.add_argument(
            "--dataset", type=int, metavar="NUMBER", help="A frozen version, not the project."
        )
        parser.add_argument("--with-split", action="store_true", help="Add each one's split.")
        parser.add_argument(
            "--spreadsheet-safe",
            action="store_true",
            help="CSV: put an apostrophe before what a spreadsheet would run as a formula.",
        )

    def handle(self, *, slug: str, output: str, **options: Any) -> None:
        project, dataset = self.chosen(slug, options["dataset"])
        wanted = Options(
            format=options["format"] or format_for(output),
            with_splits=options["with_split"],
            spreadsheet_safe=options["spreadsheet_safe"],
        )
        try:
            with ProgressLine(self.stderr) as line, opened(output) as out:
                count = write_export(
                    out, project=project, options=wanted, dataset=dataset, tell=line.tell
                )
        except (CannotExport, DatasetDamaged) as why:
            raise CommandError(f"Nothing was written. {why}", returncode=FAILED) from None
        except OSError as error:
            raise CommandError(f"{output}: {error.strerror}.", returncode=USAGE) from error
        self.stderr.write(f"Wrote {count} documents to {output}.")

    def chosen(self, slug: str, number: int | None) -> tuple[Project, DatasetVersion | None]:
        try:
            project = Project.objects.get(slug=slug)
            if number is None:
                return project, None
            return project, project.dataset_versions.get(number=number)
        except Project.DoesNotExist:
            raise CommandError(f"There is no project “{slug}”.", returncode=USAGE) from None
        except DatasetVersion.DoesNotExist:
            raise CommandError(
                f"“{slug}” has no dataset version {number}.", returncode=USAGE
            ) from None


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
