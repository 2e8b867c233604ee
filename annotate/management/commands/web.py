from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from annotate.processes import leave_now, stop_with_parent


class Command(BaseCommand):
    help = "Serves pages and WebSockets until it is stopped. Jobs need `work` beside it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST, help="default: %(default)s (HOST)")
        parser.add_argument(
            "--port", type=int, default=settings.PORT, help="default: %(default)s (PORT)"
        )
        parser.add_argument(
            "--stop-with-parent", action="store_true", help="Leave when standard input ends."
        )

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        if options["stop_with_parent"]:
            stop_with_parent()
        # Daphne chooses Twisted's reactor when it is imported, so it is imported only here.
        from daphne.endpoints import build_endpoint_description_strings
        from daphne.server import Server

        from annotate.asgi import application

        Server(
            application=application,
            endpoints=build_endpoint_description_strings(host=host, port=port),
            server_name="annotate",
            request_buffer_size=64 * 1024,
            # A busy machine may take longer than the usual five seconds to accept a socket.
            websocket_handshake_timeout=20,
        ).run()
        leave_now()
