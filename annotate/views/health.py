from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from inference.engine import state as engine_state
from projects.access import public
from projects.workers import workers_alive

logger = logging.getLogger(__name__)


@require_safe
@public("an orchestrator asks whether the process answers; nothing is told about the data")
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
@public("a proxy asks whether to send people here; nothing is told about the data")
def readyz(request: HttpRequest) -> JsonResponse:
    """Each part and how it is. 503 without a part that saving an answer needs.

    Without engine or worker people can still label: that is degraded, not down.
    """
    needed = {"database": part(database), "channel_layer": part(channel_layer)}
    helpful = {"engine": part(engine), "worker": part(worker)}
    if "down" in needed.values():
        status = "down"
    else:
        status = "ok" if set(helpful.values()) <= {"ok", "off"} else "degraded"
    return JsonResponse(
        {"status": status, **needed, **helpful}, status=503 if status == "down" else 200
    )


def part(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except Exception:
        # Whatever it is, this part does not work; the log says why.
        logger.exception("readiness failed", extra={"part": ask.__name__})
        return "down"


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def channel_layer() -> str:
    """Send a message to ourselves: a layer that only accepts is no use."""
    layer = get_channel_layer()
    channel = f"readyz.{secrets.token_hex(8)}"
    async_to_sync(layer.send)(channel, {"type": "readyz"})
    async_to_sync(layer.receive)(channel)
    return "ok"


def worker() -> str:
    return "ok" if workers_alive() else "missing"


def engine() -> str:
    """`off` when nobody wants one, else what it says of itself."""
    if settings.ENGINE == "off":
        return "off"
    state = engine_state().name
    return "ok" if state == "ready" else state
