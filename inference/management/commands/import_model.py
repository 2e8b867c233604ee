from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.importing.folder import found_in
from inference.importing.mapping import suggested
from inference.importing.register import import_folder
from inference.importing.unpack import CannotImport
from projects.models import Question

USAGE = 2


class Command(BaseCommand):
    help = (
        "Takes in a Hugging Face folder (safetensors, tokenizer.json, config.json) as a challenger "
        "for a question. Labels of equal names are mapped to the project's by themselves."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="The project.")
        parser.add_argument("folder", type=Path, help="With config.json in it.")
        parser.add_argument("--question", required=True, help="The name of the question.")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="THEIRS=OURS",
            help="What a label of the model stands for; nothing after the = ignores it.",
        )
        parser.add_argument("--name", default="", help="What the version is called here.")

    def handle(self, *, slug: str, folder: Path, question: str, **options: Any) -> None:
        asked = Question.objects.filter(
            project__slug=slug, project__deleting_at=None, name=question
        ).first()
        if asked is None:
            raise CommandError(f"Project “{slug}” has no question “{question}”.", returncode=USAGE)
        try:
            theirs = found_in(folder).labels
            chosen = {**suggested(theirs, asked.labels.all()), **said(options["map"], asked)}
            title = options["name"] or folder.resolve().name
            version = import_folder(folder=folder, question=asked, chosen=chosen, title=title)
        except CannotImport as why:
            raise CommandError(str(why)) from why
        ignored = [name for name in theirs if chosen.get(name) is None]
        if ignored:
            self.stderr.write(f"Ignored: {', '.join(ignored)}")
        self.stdout.write(f"{version}, a challenger for {asked.name}")


def said(pairs: list[str], question: Question) -> dict[str, int | None]:
    """What --map says. Raises CommandError."""
    ours = {label.name: label.pk for label in question.labels.all()}
    chosen: dict[str, int | None] = {}
    for pair in pairs:
        theirs, equals, name = pair.rpartition("=")
        if not equals or (name and name not in ours):
            known = ", ".join(ours)
            raise CommandError(
                f"--map {pair}: say THEIRS=OURS, with one of {known}.", returncode=USAGE
            )
        chosen[theirs] = ours.get(name)
    return chosen
