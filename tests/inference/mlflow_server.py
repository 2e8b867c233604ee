"""A real MLflow server for tests: a process of its own, with a database and files of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND = os.environ.get("MLFLOW_SERVER", "") or shutil.which("mlflow") or ""
"""The `mlflow` of an environment with the whole of MLflow in it; the client alone cannot serve."""
PATIENCE = 240
"""Seconds. It takes ten on an idle machine."""


@contextmanager
def serving(folder: Path, *extra: str, **environment: str) -> Iterator[str]:
    """Its address. The server is gone afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    told = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_TRACKING_URI": "",
        **environment,
    }
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(COMMAND, "server", "--host", "127.0.0.1", "--port", str(port)),
                *("--workers", "1", "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
                *("--artifacts-destination", str(folder / "artifacts")),
                *extra,
            ],
            env={**inherited, **told},
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(address, process)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=2).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise RuntimeError(f"No MLflow server at {address}.")
