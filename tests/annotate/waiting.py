"""Waiting for another process, with a limit."""

import time
from collections.abc import Callable

PATIENCE = 30


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.05)
