from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from annotate.processes import Child, Family, GivingUp


class Command(BaseCommand):
    help = "Serves pages and runs jobs: the web process and its workers, until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST, help="default: %(default)s (HOST)")
        parser.add_argument(
            "--port", type=int, default=settings.PORT, help="default: %(default)s (PORT)"
        )
        parser.add_argument(
            "--workers", type=int, default=settings.WORKERS, help="default: %(default)s (WORKERS)"
        )

    def handle(self, *, host: str, port: int, workers: int, **options: Any) -> None:
        refuse_a_taken_port(host, port)
        refuse_an_old_database()
        if not settings.DEBUG:
            call_command("collectstatic", interactive=False, verbosity=0)
        web = child("web", "web", "--host", host, "--port", str(port))
        names = ["worker"] if workers == 1 else [f"worker {n}" for n in range(1, workers + 1)]
        announcement = announce(self, host, port)
        try:
            Family([web, *(child(name, "work") for name in names)]).run(
                each_second=lambda: next(announcement, None)
            )
        except GivingUp as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Stopped.")


def child(name: str, *command: str) -> Child:
    return Child(name, [sys.executable, sys.argv[0], *command, "--stop-with-parent"])


def announce(command: BaseCommand, host: str, port: int) -> Iterator[None]:
    """Say where it is, once it answers."""
    while not answers(host, port):
        yield
    command.stdout.write(
        command.style.SUCCESS(f"\nAnnotate is at {address(host, port)}   (Ctrl-C stops it)\n")
    )
    command.stdout.flush()


def answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((reachable(host), port), timeout=0.2):
            return True
    except OSError:
        return False


def reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def address(host: str, port: int) -> str:
    shown = reachable(host)
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def refuse_a_taken_port(host: str, port: int) -> None:
    if answers(host, port):
        raise CommandError(f"Port {port} is taken. Choose another: PORT={port + 1}")


def refuse_an_old_database() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not up to date. Run: manage.py migrate")
    connection.close()
