from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from projects.config import BadConfig
from projects.create_project import create_project
from projects.models import Label, Role
from projects.starting import config_in

USAGE = 2


class Command(BaseCommand):
    help = (
        "Creates a project from a JSON file, the same that the settings page exports: name, "
        "guidelines, overlap, reserve, queue_order, suggest_from, text_fields, questions, members."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="The project's name in addresses and commands.")
        parser.add_argument("--config", required=True, metavar="FILE.json", help="“-”: from stdin")

    def handle(self, *, slug: str, config: str, **options: Any) -> None:
        try:
            project = create_project(slug=slug, config=read(config))
        except BadConfig as bad:
            lines = "\n  ".join(bad.problems)
            raise CommandError(f"{config}: nothing was created.\n  {lines}", returncode=1) from None
        labels = Label.objects.filter(question__project=project).count()
        self.stdout.write(
            f"Created “{project.name}” ({project.slug}): {project.questions.count()} questions, "
            f"{labels} labels, {project.memberships.count()} members."
        )
        if not project.memberships.filter(role=Role.OWNER).exists():
            self.stdout.write("Nobody owns it yet: a superuser can add an owner in /admin/.")


def read(path: str) -> Any:
    """The JSON of a file. Raises CommandError that says where it is broken."""
    try:
        return config_in(sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.", returncode=USAGE) from error
    except BadConfig as bad:
        raise CommandError(f"{path}: {bad}", returncode=USAGE) from bad
