from __future__ import annotations

from threading import Barrier

import pytest
from asgiref.sync import SyncToAsync
from django.db import connections

from inference import engine, live, threads, vectors, word_memory

IDLE_SECONDS = 30


@pytest.fixture(autouse=True)
def _fresh_process():
    """What a process remembers, forgotten: ids come again in every test."""
    yield
    # The engine first: what it is still encoding is remembered when it is done.
    engine.stop()
    settle()
    live.forget_all()
    vectors.recent.clear()
    word_memory.recent.clear()


@pytest.fixture
def serving():
    """This process's engine, the fake one, ready."""
    running = engine.serving()
    running.started.result(timeout=10)
    return running


def settle() -> None:
    """Wait for what a closed socket left running, and let go of the database on every thread."""
    everybody_idle = Barrier(threads.SOCKETS)

    def let_go(_: int) -> None:
        everybody_idle.wait(IDLE_SECONDS)
        connections.close_all()

    list(threads.sockets.map(let_go, range(threads.SOCKETS)))
    for executor in (live.fits, threads.lookups, SyncToAsync.single_thread_executor):
        executor.submit(connections.close_all).result(IDLE_SECONDS)
