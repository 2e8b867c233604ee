"""`make bench-registry`: what training on a dataset version gains, what it costs, and whether the
remainder is labelled within its bound.

Each part is a module of its own, `tests/bench/registry/<part>.py`, and can be run alone with
`python -m tests.bench.registry.<part>`. `REGISTRY_PARTS=throughput` runs only that.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from importlib import import_module

from tests.bench.report import Result, finish

PARTS = ("throughput", "choice", "spans", "auto_label")


def main() -> int:
    wanted = os.environ.get("REGISTRY_PARTS", "")
    parts = wanted.split(",") if wanted else PARTS
    if unknown := set(parts) - set(PARTS):
        print(f"REGISTRY_PARTS: no such part: {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    return finish("registry", [result for part in parts for result in results_of(part)])


def results_of(part: str) -> Iterator[Result]:
    start = time.monotonic()
    print(f"{part} …", flush=True)
    yield from import_module(f"tests.bench.registry.{part}").results()
    print(f"{part}: {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
