"""Slowing down whoever guesses passwords: a few failures, then a pause."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

FAILURES_PER_NAME = 10
FAILURES_PER_ADDRESS = 100
PAUSE_SECONDS = 300


def is_locked(request: HttpRequest) -> bool:
    """Whether this address failed too often lately, for this name or for many."""
    by_name, by_address = _keys(request)
    failures: dict[str, int] = cache.get_many([by_name, by_address])
    too_many_for_name = failures.get(by_name, 0) >= FAILURES_PER_NAME
    return too_many_for_name or failures.get(by_address, 0) >= FAILURES_PER_ADDRESS


def note(request: HttpRequest, *, failed: bool) -> None:
    """Count a failure; a success forgets those for its name, never those for the address."""
    keys = _keys(request)
    if not failed:
        cache.delete(keys[0])
        return
    for key in keys:
        cache.add(key, 0, PAUSE_SECONDS)
        try:
            cache.incr(key)
        except ValueError:  # It ran out since the line before, so this failure is the first.
            cache.set(key, 1, PAUSE_SECONDS)


def address_of(request: HttpRequest) -> str:
    """Who is calling: the peer, or what our own proxy says it is (it appends the last entry)."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if settings.BEHIND_PROXY and forwarded:
        return forwarded.rsplit(",", 1)[-1].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def _keys(request: HttpRequest) -> tuple[str, str]:
    address, name = address_of(request), request.POST.get("username", "").casefold()
    return _key(address, name), _key(address)


def _key(*about: str) -> str:
    return "login." + hashlib.sha256("\n".join(about).encode()).hexdigest()
