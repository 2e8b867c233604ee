"""What must hold before this installation starts: `manage.py check` says what does not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.db.models import DateTimeField
from django.urls import URLPattern, URLResolver, get_resolver

ROOMS = ("projects", "labeling", "corpus", "inference", "annotate")
LEAST_SECRET = 32
# Guarded by Django itself: staff only.
GUARDED_NAMESPACES = frozenset({"admin"})


@register(Tags.urls)
def every_view_has_an_access_rule(**unused: Any) -> list[CheckMessage]:
    """A view that forgot its rule would be open to everybody."""
    return [
        Error(
            f"The view of {route!r} has no access rule.",
            hint="Decorate it with project_view, signed_in or public from projects.access.",
            id="annotate.E001",
        )
        for route, view in views_of(get_resolver())
        if not getattr(view, "access", "")
    ]


def views_of(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route, entry.callback
        elif entry.namespace not in GUARDED_NAMESPACES:
            yield from views_of(entry, route)


@register(Tags.models)
def times_are_named_alike(**unused: Any) -> list[CheckMessage]:
    """One can then tell a moment from anything else by its name."""
    inherited = {field.name for field in AbstractUser._meta.get_fields()}
    return [
        Error(f"{field} holds a moment: its name must end in _at or _until.", id="annotate.E002")
        for room in ROOMS
        for model in apps.get_app_config(room).get_models()
        for field in model._meta.get_fields()
        if isinstance(field, DateTimeField)
        and not field.name.endswith(("_at", "_until"))
        and field.name not in inherited
    ]


@register()
def data_dir_is_writable(**unused: Any) -> list[CheckMessage]:
    if os.access(settings.DATA_DIR, os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"DATA_DIR {settings.DATA_DIR} cannot be written to.",
            hint="Give the user that runs Annotate write access, or set another DATA_DIR.",
            id="annotate.E003",
        )
    ]


@register()
def public_url_is_an_origin(**unused: Any) -> list[CheckMessage]:
    parts = urlsplit(settings.PUBLIC_URL)
    if parts.scheme in {"http", "https"} and parts.hostname and not parts.path:
        return []
    return [
        Error(
            f"PUBLIC_URL {settings.PUBLIC_URL!r} is not an address like https://label.example.org.",
            id="annotate.E004",
        )
    ]


@register(Tags.security)
def secret_key_is_long_enough(**unused: Any) -> list[CheckMessage]:
    if len(settings.SECRET_KEY) >= LEAST_SECRET:
        return []
    return [
        Warning(
            f"SECRET_KEY has fewer than {LEAST_SECRET} characters.",
            hint="Generate one: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            id="annotate.W001",
        )
    ]


@register(Tags.security)
def public_installations_are_closed(**unused: Any) -> list[CheckMessage]:
    """What is fine on one's own machine is not on the net."""
    if urlsplit(settings.PUBLIC_URL).hostname in {"127.0.0.1", "localhost", "::1", "testserver"}:
        return []
    found: list[CheckMessage] = []
    if settings.DEBUG:
        found.append(Error("DEBUG shows secrets to the public.", id="annotate.E005"))
    if not settings.HTTPS:
        hint = "Put a proxy with a certificate in front and set PUBLIC_URL to its https address."
        found.append(Warning("Passwords travel unencrypted.", hint=hint, id="annotate.W002"))
    if "*" in settings.ALLOWED_HOSTS:
        found.append(Warning("ALLOWED_HOSTS accepts any name.", id="annotate.W003"))
    return found


@register(Tags.database)
def several_processes_need_redis(**unused: Any) -> list[CheckMessage]:
    if settings.EMBEDDED or settings.REDIS_URL:
        return []
    return [
        Warning(
            "PostgreSQL without Redis: run one web process only.",
            hint="Open pages learn of each other's answers through Redis. Set REDIS_URL.",
            id="annotate.W004",
        )
    ]
