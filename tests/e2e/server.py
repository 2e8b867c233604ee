from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60


class Server:
    """The product as it is served, on a port and a SQLite file of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.seeder: subprocess.Popen[str] | None = None
        self.env = {
            **os.environ,
            "REDIS_URL": "",
            "DEBUG": "0",
            "DJANGO_SETTINGS_MODULE": "annotate.settings",
            "DATA_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "ENGINE": "fake",
            "PUBLIC_URL": self.url,
            "LOG_LEVEL": "WARNING",
            **settings,
        }

    def manage(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.env, check=True
        )

    def prepare(self) -> None:
        self.manage("migrate", "--verbosity", "0")
        self.manage("collectstatic", "--noinput", "--verbosity", "0")

    def start(self) -> None:
        command = [sys.executable, "manage.py", "web", "--port", str(self.port)]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/healthz", timeout=1).close()
        except (urllib.error.URLError, OSError):
            return False
        return True

    def stop(self) -> None:
        """As a crash would: no time to say good-bye."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def seed(self, **wanted) -> dict:
        if self.seeder is None:
            self.seeder = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.seed"],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        self.seeder.stdin.write(json.dumps(wanted) + "\n")
        self.seeder.stdin.flush()
        return json.loads(self.seeder.stdout.readline())

    def close(self) -> None:
        self.stop()
        if self.seeder is not None:
            self.seeder.communicate()

    def rows(self, sql: str, *values) -> list[tuple]:
        connection = sqlite3.connect(f"file:{self.folder / 'db.sqlite3'}?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
