"""Does inside a system what a test asks for: a line of JSON in, the answer as a line out.

One process for a whole test: starting Django for each question would take longer than the test.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from typing import Any

import django

from tests.system.server import ROOT, System


class Inside:
    """The test's end: `inside("training.begin", epochs=3)` calls that in `tests.system.acts`."""

    def __init__(self, system: System) -> None:
        self.log = system.folder / "inside.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.system.inside"],
                cwd=ROOT,
                env=system.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        system.processes.append(self.process)

    def __call__(self, act: str, **given: Any) -> Any:
        self.send(act, **given)
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        assert answer, f"{act} failed: {self.log.read_text()[-3000:]}"
        return json.loads(answer)

    def send(self, act: str, **given: Any) -> None:
        """Ask without waiting for the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([act, given]) + "\n")
        self.process.stdin.flush()

    def end(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=90)
        self.process.stdout.close()


def main() -> None:
    django.setup()
    for line in sys.stdin:
        act, given = json.loads(line)
        module, name = act.split(".")
        answer = getattr(importlib.import_module(f"tests.system.acts.{module}"), name)(**given)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
