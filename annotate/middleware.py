from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from annotate.logs import current_request_id
from annotate.views.errors import error_page

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# What a proxy may hand us; anything else could forge log lines.
ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id(get_response: GetResponse) -> GetResponse:
    """Name every request, in each of its log lines and in the `X-Request-ID` answered."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        name = given if ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex
        request.request_id = name  # type: ignore[attr-defined]
        token = current_request_id.set(name)
        started = time.perf_counter()
        try:
            response = get_response(request)
            log_request(request, response, time.perf_counter() - started)
        finally:
            current_request_id.reset(token)
        response["X-Request-ID"] = name
        return response

    return middleware


def log_request(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    logger.info(
        "request",
        extra={
            "method": request.method,
            "path": path_without_secrets(request),
            "status": response.status_code,
            "milliseconds": round(seconds * 1000, 1),
        },
    )


def path_without_secrets(request: HttpRequest) -> str:
    """The path as asked for; of links that are a proof in themselves, the pattern instead."""
    match = request.resolver_match
    secret = match is not None and "token" in match.kwargs
    return f"/{match.route}" if match and secret else request.path


def request_limit(get_response: GetResponse) -> GetResponse:
    """Refuse a request that announces more than we take, before anything reads it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if int(request.META.get("CONTENT_LENGTH") or 0) <= settings.MAX_UPLOAD_BYTES:
            return get_response(request)
        megabytes = settings.MAX_UPLOAD_BYTES // 1024 // 1024
        return error_page(request, 413, f"That is more than the {megabytes} MB taken at once.")

    return middleware


def time_zone(get_response: GetResponse) -> GetResponse:
    """Show times in the zone of the person who looks."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        zone = getattr(request.user, "time_zone", None)
        if zone is None:
            return get_response(request)
        with timezone.override(zone):
            return get_response(request)

    return middleware
