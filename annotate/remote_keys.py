"""Which keys of remote models there are, and to whom each may be sent."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from annotate import env

PREFIX = "ANNOTATE_KEY_"
"""So that no slip makes a key of the database's address or of the key that signs sessions."""


def remote_keys(entries: list[str]) -> dict[str, tuple[str, str]]:
    """Name of the variable to the origin it is for and its value, of NAME=https://host entries."""
    keys: dict[str, tuple[str, str]] = {}
    for entry in entries:
        name, _, url = (part.strip() for part in entry.partition("="))
        if not name.startswith(PREFIX) or name in keys:
            raise ImproperlyConfigured(
                f"REMOTE_KEYS names {name!r}. Each key has one entry, and a name that begins with "
                f"{PREFIX}."
            )
        value = env.secret(name)
        if not value or not value.isascii() or not value.isprintable():
            raise ImproperlyConfigured(
                f"REMOTE_KEYS names {name}, so {name} or {name}_FILE must hold a key: one line of "
                "ASCII characters."
            )
        keys[name] = (_origin(name, url), value)
    return keys


def _origin(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        port = None
    beyond = parts.path.strip("/") + parts.query + parts.fragment if port else ""
    if not port or not parts.hostname or beyond or "@" in parts.netloc:
        raise ImproperlyConfigured(
            f"REMOTE_KEYS must say to whom {name} may be sent: {name}=https://host, with :port "
            "where it is another one, and without a path."
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"
