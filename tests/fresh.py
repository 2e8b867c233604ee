"""What a process remembers beside the database, forgotten between tests: ids come again."""

from __future__ import annotations

from threading import Barrier

from asgiref.sync import SyncToAsync
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from redis import Redis

from inference import answered, engine, live, threads, vectors
from inference.spans import word_memory

IDLE_SECONDS = 30


def forget() -> None:
    # The engine first: what it is still encoding is remembered when it is done.
    engine.stop()
    _settle()
    live.forget_all()
    answered.forget_all()
    _empty_cache()
    vectors.recent.clear()
    word_memory.recent.clear()


def _empty_cache() -> None:
    """Of what this process put there: on Redis the others have their names, and their sockets."""
    if not settings.REDIS_URL:
        cache.clear()
        return
    with Redis.from_url(settings.REDIS_URL) as redis:
        for name in redis.scan_iter(match=f"{settings.CACHES['default']['KEY_PREFIX']}:*"):
            redis.delete(name)


def _settle() -> None:
    """Wait for what a closed socket left running, and let go of the database on every thread."""
    everybody_idle = Barrier(threads.SOCKETS)

    def let_go(_: int) -> None:
        everybody_idle.wait(IDLE_SECONDS)
        connections.close_all()

    list(threads.sockets.map(let_go, range(threads.SOCKETS)))
    for executor in (live.fits, threads.lookups, SyncToAsync.single_thread_executor):
        executor.submit(connections.close_all).result(IDLE_SECONDS)
