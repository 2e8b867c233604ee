from __future__ import annotations

import os
import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from projects.models import User


class Command(BaseCommand):
    help = (
        "Creates a superuser, who may use /admin/. Projects still ask for a membership. "
        "The password is asked for, read from --password-stdin, or taken from ADMIN_PASSWORD."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--email", default="")
        parser.add_argument("--password-stdin", action="store_true")

    def handle(self, *, username: str, email: str, password_stdin: bool, **options: Any) -> None:
        if User.objects.filter(username=username).exists():
            raise CommandError(f"There is a user “{username}” already. Choose another name.")
        user = User(username=username, email=email, is_staff=True, is_superuser=True)
        user.set_unusable_password()
        try:
            user.full_clean()
            password = ask(from_stdin=password_stdin)
            validate_password(password, user)
        except ValidationError as invalid:
            raise CommandError("Not created. " + " ".join(invalid.messages)) from invalid
        user.set_password(password)
        user.save()
        self.stdout.write(f"Created the superuser “{username}”.")


def ask(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if "ADMIN_PASSWORD" in os.environ:
        return os.environ["ADMIN_PASSWORD"]
    if not sys.stdin.isatty():
        raise CommandError("No terminal to ask at. Use --password-stdin or ADMIN_PASSWORD.")
    first = getpass("Password: ")
    if getpass("Again: ") != first:
        raise CommandError("The two passwords differ. Nothing was created.")
    return first
