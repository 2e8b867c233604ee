"""A real web process on a database of its own, to be killed at will."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60


class System:
    """The processes of one deployment, sharing a data folder and a database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.database = f"annotate_system_{uuid.uuid4().hex[:12]}"
        self.outer = os.environ.get("DATABASE_URL", "")
        self.processes: list[subprocess.Popen[Any]] = []
        self.settings: dict[str, str] = {}
        if self.on_postgres:
            self._administer(f'CREATE DATABASE "{self.database}"')

    @property
    def on_postgres(self) -> bool:
        return self.outer.startswith("postgres")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "DATA_DIR": str(self.folder),
            "PUBLIC_URL": self.url,
            "PORT": str(self.port),
            "ENGINE": "fake",
            "SECRET_KEY": "only-for-tests",
            "JOB_STALE_SECONDS": "20",
            "DJANGO_SETTINGS_MODULE": "annotate.settings",
        }
        if self.on_postgres:
            own["DATABASE_URL"] = self.outer.rsplit("/", 1)[0] + f"/{self.database}"
        return {**os.environ, **own, **self.settings}

    def manage(self, *command: str) -> str:
        """Run a management command to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{command[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        return process

    def start_web(self) -> subprocess.Popen[bytes]:
        process = self.start("web", "--port", str(self.port))
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert process.poll() is None, (self.folder / "web.log").read_text()
            assert time.monotonic() < deadline, "the web process did not start in time"
            time.sleep(0.05)
        return process

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.2):
                return True
        except OSError:
            return False

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                kill_nine(process)
        if self.on_postgres:
            self._administer(f'DROP DATABASE "{self.database}" WITH (FORCE)')

    def _administer(self, statement: str) -> None:
        maintenance = self.outer.rsplit("/", 1)[0] + "/postgres"
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(statement)


def kill_nine(process: subprocess.Popen[Any]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
