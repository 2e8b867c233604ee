from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from corpus.models import Answers
from corpus.versions import recipe as recipes
from corpus.versions.draft import NoRoom
from corpus.versions.freeze import NothingToFreeze, Unchanged, freeze
from corpus.versions.recipe import USUAL_VALIDATION, Recipe
from corpus.versions.tags import BadTag, checked, tag
from labeling.matching import BadFilter
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
        parser.add_argument(
            "--filter",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="Only some documents or answers, several times if need be: state=done, "
            "annotators=ana,ben, blind=without|only, since=2026-01-31, until=2026-12-31, "
            "agreed=yes|all.",
        )
        parser.add_argument(
            "--validation",
            type=int,
            default=USUAL_VALIDATION,
            metavar="PERCENT",
            help="Of the training documents, for choosing when to stop: 0 to 30, usually 10.",
        )
        parser.add_argument(
            "--everyone",
            action="store_true",
            help="Hold what each person said as well, under pseudonyms.",
        )
        parser.add_argument("--tag", default="", help="A name for the version, such as paper-v1.")

    def handle(self, *, slug: str, comment: str, **options: Any) -> None:
        try:
            project = Project.objects.get(slug=slug, deleting_at=None)
            name = checked(options["tag"]) if options["tag"] else ""
            version = freeze(project=project, comment=comment, recipe=recipe_of(project, options))
        except Project.DoesNotExist:
            raise CommandError(f"There is no project “{slug}”.", returncode=USAGE) from None
        except (BadFilter, BadTag) as why:
            raise CommandError(str(why), returncode=USAGE) from None
        except (NothingToFreeze, NoRoom) as why:
            raise CommandError(str(why), returncode=NOTHING) from None
        except Unchanged as unchanged:
            self.stderr.write(str(unchanged))
            version = unchanged.version
        if name:
            tag(version=version, name=name, author=None)
        self.stdout.write(
            f"Version {version.number}: {version.documents} documents, sha256 {version.sha256}"
        )


def recipe_of(project: Project, options: dict[str, Any]) -> Recipe:
    """Raises BadFilter."""
    filters = {}
    for pair in options["filter"]:
        name, sign, value = pair.partition("=")
        if not sign:
            raise BadFilter(f"“{pair}” is no filter. Write NAME=VALUE.")
        filters[name] = value
    return Recipe(
        filters=recipes.by_name(filters, project) if "annotators" in filters else filters,
        validation=options["validation"],
        answers=Answers.EVERYONE if options["everyone"] else Answers.RESOLVED,
    )
