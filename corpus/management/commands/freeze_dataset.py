from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from corpus.versions.freeze import NothingToFreeze, Unchanged, freeze
from projects.models import Project

NOTHING, USAGE = 1, 2


class Command(BaseCommand):
    help = (
        "Freezes a project's answered documents as its next dataset version and prints its number "
        "and sha256. If nothing has changed since the last version, that one is printed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="The project.")
        parser.add_argument("--comment", default="", help="What is new, or what it is for.")

    def handle(self, *, slug: str, comment: str, **options: Any) -> None:
        try:
            project = Project.objects.get(slug=slug, deleting_at=None)
            version = freeze(project=project, comment=comment)
        except Project.DoesNotExist:
            raise CommandError(f"There is no project “{slug}”.", returncode=USAGE) from None
        except NothingToFreeze as why:
            raise CommandError(str(why), returncode=NOTHING) from None
        except Unchanged as unchanged:
            self.stderr.write(str(unchanged))
            version = unchanged.version
        self.stdout.write(
            f"Version {version.number}: {version.documents} documents, sha256 {version.sha256}"
        )
