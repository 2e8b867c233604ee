"""Pages for what went wrong. Each works without the database, the session or a template."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist, loader
from django.utils.html import format_html

from annotate.logs import current_request_id

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 400, "That request could not be understood.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 403, str(exception) or "This is not open to you.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 404, "There is nothing here, or it is not open to you.")


def server_error(request: HttpRequest) -> HttpResponse:
    return error_page(request, 500, "Something broke on our side. Nothing you saved is lost.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    logger.warning("form refused", extra={"reason": reason, "path": request.path})
    return error_page(
        request, 403, "This form is out of date. Go back, reload the page and send it again."
    )


def error_page(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """`<status>.html` if it renders, else a page that cannot fail."""
    context = {"status": status, "message": message, "request_id": current_request_id.get()}
    try:
        body: str = loader.render_to_string(f"{status}.html", context, request)
    except TemplateDoesNotExist:
        body = plain_page(status, message)
    except Exception:
        # The page itself may need what has just broken, such as the database.
        logger.exception("error page failed", extra={"status": status})
        body = plain_page(status, message)
    return HttpResponse(body, status=status)


def plain_page(status: int, message: str) -> str:
    return format_html(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>{status}</title>'
        '<h1>{status}</h1><p>{message}</p><p><a href="/">Back to the start</a></p></html>',
        status=status,
        message=message,
    )
