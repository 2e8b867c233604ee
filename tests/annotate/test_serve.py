"""`manage.py serve` as people run it: what it starts, restarts and never leaves behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.annotate.waiting import PATIENCE, until

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Served:
    """A running `serve`: what it prints, and the processes under it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout))
        self.reader.start()

    def says(self, pattern: str) -> list[str]:
        return [line for line in self.lines if re.search(pattern, line)]

    def children(self) -> dict[str, psutil.Process]:
        found = psutil.Process(self.process.pid).children()
        return {child.cmdline()[2]: child for child in found if len(child.cmdline()) > 2}

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)
        self.reader.join(timeout=PATIENCE)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    """A migrated installation of its own."""
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path_factory.mktemp("served")),
        "PORT": str(free_port()),
        "ENGINE": "off",
        "LOG_FORMAT": "text",
    }
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    return environment


@pytest.fixture
def served(environment):
    served = Served(environment)
    until(lambda: served.says("Annotate is at") and served.says("worker ready"))
    yield served
    served.end()


def test_it_serves_pages_beside_a_worker_and_restarts_what_dies(served, environment):
    address = f"http://127.0.0.1:{environment['PORT']}/"
    assert served.says(re.escape(address))
    assert sorted(served.children()) == ["web", "work"]
    with urllib.request.urlopen(address + "readyz") as answer:
        assert b'"worker": "ok"' in answer.read()

    killed = served.children()["work"]
    killed.kill()
    until(lambda: len(served.says("worker ready")) == 2)

    assert served.says(r"worker +\| stopped \(signal 9\); starting it again")
    assert served.children()["work"].pid != killed.pid
    assert served.children()["work"].nice() >= 10


def test_ctrl_c_stops_all_it_started(served):
    children = list(served.children().values())

    served.process.send_signal(signal.SIGINT)

    assert served.process.wait(timeout=PATIENCE) == 0
    assert not any(child.is_running() for child in children)
    until(lambda: served.says("Stopped."))


def test_nothing_survives_a_killed_parent(served):
    children = list(served.children().values())
    assert len(children) == 2

    served.process.kill()

    assert psutil.wait_procs(children, timeout=PATIENCE)[1] == []


def test_a_taken_port_is_named(environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port} is taken. Choose another: PORT={port + 1}" in done.stderr


def test_an_old_database_is_refused(environment, tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env={**environment, "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "The database is not up to date. Run: manage.py migrate" in done.stderr
