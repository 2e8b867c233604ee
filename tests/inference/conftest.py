from __future__ import annotations

import pytest

from inference import engine, live, threads, vectors


@pytest.fixture(autouse=True)
def _fresh_process():
    """What a process remembers, forgotten: ids come again in every test."""
    yield
    live.forget_all()
    vectors.recent.clear()
    engine.stop()
    threads.close_kept_connection()


@pytest.fixture
def serving():
    """This process's engine, the fake one, ready."""
    running = engine.serving()
    running.started.result(timeout=10)
    return running
