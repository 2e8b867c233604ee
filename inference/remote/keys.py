"""Keys of remote models: kept by the server, each for one host and for no other.

An owner of a project names a key and never sees it. Who can name a key and choose the address
could otherwise have it sent to a server of their own.
"""

from __future__ import annotations

from django.conf import settings

from inference.remote.addresses import Place
from inference.remote.problems import Misplaced


def key_names() -> list[str]:
    return sorted(settings.REMOTE_KEYS)


def key_of(name: str, place: Place) -> str:
    """The key's value, "" for no name. Raises Misplaced where it may not be sent there."""
    if not name:
        return ""
    origin, value = settings.REMOTE_KEYS.get(name, ("", ""))
    if not value:
        raise Misplaced(f"The server's settings hold no key {name}.")
    if origin != place.origin:
        raise Misplaced(f"{name} may be sent to {origin} only.")
    return str(value)
