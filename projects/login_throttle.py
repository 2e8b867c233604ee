"""Slowing down whoever guesses passwords: a few failures, then a pause."""

from __future__ import annotations

import hashlib

from django.core.cache import cache
from django.http import HttpRequest

FAILURES = 10
PAUSE_SECONDS = 300


def is_locked(request: HttpRequest) -> bool:
    """Whether this address failed too often for this name lately."""
    failures: int = cache.get(_key(request), 0)
    return failures >= FAILURES


def note(request: HttpRequest, *, failed: bool) -> None:
    """Count a failure, or forget them after a success."""
    key = _key(request)
    if not failed:
        cache.delete(key)
    elif not cache.add(key, 1, PAUSE_SECONDS):
        cache.incr(key)


def _key(request: HttpRequest) -> str:
    name = request.POST.get("username", "").lower()
    about = f"{request.META.get('REMOTE_ADDR', '')}\n{name}"
    return "login." + hashlib.sha256(about.encode()).hexdigest()
