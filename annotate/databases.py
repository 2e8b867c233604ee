"""What a DATABASE_URL means to Django."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
BUSY_SECONDS = 20


def database(url: str, *, pool_size: int) -> dict[str, Any]:
    """Django's settings for `sqlite:///PATH` or `postgres://USER:PASSWORD@HOST:PORT/NAME?OPTION=…`.

    Raises ImproperlyConfigured for anything else. The password never appears in the message.
    """
    parts = urlsplit(url)
    match parts.scheme:
        case "sqlite":
            return _sqlite(parts)
        case "postgres" | "postgresql":
            return _postgres(parts, pool_size)
        case scheme:
            raise ImproperlyConfigured(
                f"DATABASE_URL starts with {scheme!r}; use sqlite:///PATH or postgres://…"
            )


def _sqlite(parts: SplitResult) -> dict[str, Any]:
    if parts.netloc or not parts.path.strip("/"):
        raise ImproperlyConfigured("DATABASE_URL: write sqlite:///PATH, with three slashes.")
    # As everywhere: three slashes and a relative path, four and an absolute one.
    path = Path(unquote(parts.path[1:])).resolve()
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            # A transaction that will write takes the write lock at once and waits its turn;
            # taking it half-way would fail with "database is locked" without waiting.
            "transaction_mode": "IMMEDIATE",
            "timeout": BUSY_SECONDS,
            "init_command": SQLITE_PRAGMAS,
        },
    }


def _postgres(parts: SplitResult, pool_size: int) -> dict[str, Any]:
    name = unquote(parts.path.strip("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no database: postgres://HOST/NAME.")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    if pool_size:
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }
