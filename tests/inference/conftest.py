from __future__ import annotations

import pytest

from inference import engine


@pytest.fixture
def serving():
    """This process's engine, the fake one, ready."""
    running = engine.serving()
    running.started.result(timeout=10)
    return running
