"""`make bench-learn`: what the live learner, the orders of the queue and the reserve are worth.

Each part is a module of its own, `tests/bench/learn_<part>.py`, and can be run alone with
`python -m tests.bench.learn_<part>`. `LEARN_PARTS=choice,order` runs only these.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from importlib import import_module

from tests.bench.report import Result, finish

PARTS = ("choice", "spans", "tuned", "order", "recovery", "languages", "push", "path")


def main() -> int:
    wanted = os.environ.get("LEARN_PARTS", "")
    parts = wanted.split(",") if wanted else PARTS
    if unknown := set(parts) - set(PARTS):
        print(f"LEARN_PARTS: no such part: {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    return finish("learn", [result for part in parts for result in results_of(part)])


def results_of(part: str) -> Iterator[Result]:
    start = time.monotonic()
    print(f"{part} …", flush=True)
    yield from import_module(f"tests.bench.learn_{part}").results()
    print(f"{part}: {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
