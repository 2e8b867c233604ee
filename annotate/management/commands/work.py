from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from annotate.processes import leave_now, stop_with_parent
from annotate.worker import run_worker


class Command(BaseCommand):
    help = "Runs background jobs (imports, exports, encoding) until it is stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", action="store_true", help="Run what is waiting, then leave.")
        parser.add_argument(
            "--stop-with-parent", action="store_true", help="Leave when standard input ends."
        )

    def handle(self, *, batch: bool, **options: Any) -> None:
        if options["stop_with_parent"]:
            stop_with_parent()
        run_worker(batch=batch)
        if not batch:
            leave_now()
