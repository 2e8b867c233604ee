"""Where the socket's blocking work runs, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.db import connections

P = ParamSpec("P")
R = TypeVar("R")

# Threads of their own: a page that takes long never stands before a suggestion.
SOCKETS = 4
sockets = ThreadPoolExecutor(SOCKETS, thread_name_prefix="socket")
lookups = ThreadPoolExecutor(1, thread_name_prefix="look-up")


def in_thread(
    function: Callable[P, R], executor: ThreadPoolExecutor = sockets
) -> Callable[P, Coroutine[Any, Any, R]]:
    """The function on a thread that opens and closes its connection to the database."""
    on_thread: Callable[P, Coroutine[Any, Any, R]] = database_sync_to_async(
        function, thread_sensitive=False, executor=executor
    )
    return on_thread


async def looked_up(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a read on the one thread that keeps its connection open.

    Opening one costs more than the read, and somebody waits for it.
    """
    read = partial(_with_kept_connection, partial(function, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(lookups, read)


def _with_kept_connection(read: Callable[[], R]) -> R:
    try:
        return read()
    finally:
        for connection in connections.all(initialized_only=True):
            if connection.errors_occurred:
                connection.close()
