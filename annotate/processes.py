"""Child processes that die with their parent, and a parent that keeps them running."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import BinaryIO

GRACE_SECONDS = 10
SOON_SECONDS = 5
MOST_EARLY_DEATHS = 3


class GivingUp(Exception):
    """A child dies again and again right after its start."""


class Child:
    """One process that is started again whenever it dies. Its lines carry its name."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name = name
        self.command = list(command)
        self.early_deaths = 0

    def start(self) -> None:
        self.started = time.monotonic()
        # Its own session, so that Ctrl-C reaches us alone and children stop in our order. Its
        # standard input is a pipe that nobody writes to: it ends when we do, even by kill -9.
        self.process = subprocess.Popen(  # noqa: S603
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self.process.stdout is not None  # noqa: S101
        threading.Thread(target=relay, args=(self.name, self.process.stdout), daemon=True).start()

    def restart_if_dead(self) -> None:
        """Raises GivingUp when it keeps dying at once."""
        if self.process.poll() is None:
            return
        lived = time.monotonic() - self.started
        self.early_deaths = self.early_deaths + 1 if lived < SOON_SECONDS else 0
        if self.early_deaths >= MOST_EARLY_DEATHS:
            raise GivingUp(f"{self.name} stopped {self.early_deaths} times right after its start.")
        say(self.name, f"stopped ({ending(self.process.returncode)}); starting it again")
        self.start()


class Family:
    """Runs children until it is told to stop, then stops every one of them."""

    def __init__(self, children: Sequence[Child]) -> None:
        self.children = children
        self.stop = threading.Event()

    def run(self, each_second: Callable[[], None]) -> None:
        for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signal_number, self.stop_soon)
        try:
            for child in self.children:
                child.start()
            while not self.stop.wait(timeout=0.5):
                for child in self.children:
                    child.restart_if_dead()
                each_second()
        finally:
            self.end()

    def stop_soon(self, signum: int, frame: FrameType | None) -> None:
        self.stop.set()

    def end(self) -> None:
        """Ask every child to finish, and kill those that have not after a while."""
        processes = [child.process for child in self.children if hasattr(child, "process")]
        for process in processes:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in processes:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def relay(name: str, lines: BinaryIO) -> None:
    with lines:
        for line in lines:
            say(name, line.decode(errors="replace").rstrip("\n"))


def say(name: str, line: str) -> None:
    print(f"{name:8}| {line}", flush=True)  # noqa: T201


def ending(returncode: int) -> str:
    return f"signal {-returncode}" if returncode < 0 else f"exit code {returncode}"


def leave_now() -> None:
    """End this process without waiting for its threads: one may be loading a model for long."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def stop_with_parent() -> None:
    """End this process when standard input does: its other end is held by the parent alone."""
    threading.Thread(target=_watch_parent, name="watch-parent", daemon=True).start()


def _watch_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    # Nobody is left to insist, so it is done from inside.
    os._exit(1)
