from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from corpus.load_demo import load_demo, who_can_sign_in


class Command(BaseCommand):
    help = (
        "Loads the demo project with its three people, unless it was loaded before, and says how "
        "to sign in. Their passwords are no secret, so this refuses on anything but a trial "
        "installation (SQLite without Redis or HTTPS, or DEBUG)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--force", action="store_true", help="load it although these look like real settings"
        )

    def handle(self, *, force: bool, **options: Any) -> None:
        trial = settings.DEBUG or (settings.EMBEDDED and not settings.HTTPS)
        if not (trial or force):
            raise CommandError(
                "The demo's passwords are known to everybody, and these look like the settings of "
                "a real installation. Nothing was loaded. If you mean it, add --force."
            )
        load_demo()
        people = who_can_sign_in()
        if people:
            self.stdout.write("\nSign in to the demo as")
        for person in people:
            self.stdout.write(f"  {person.username:8} password {person.password:12} {person.part}")
