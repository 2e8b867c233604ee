"""What every benchmark ends with: a table for people and a file for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Result:
    """One measured number. Without a goal it is there to be read."""

    metric: str
    value: float
    unit: str
    goal: float | None = None
    met: bool | None = None
    against: str = ""


def at_least(metric: str, value: float, unit: str, goal: float, *, against: str = "") -> Result:
    return Result(metric, float(value), unit, goal, bool(value >= goal), against)


def at_most(metric: str, value: float, unit: str, goal: float, *, against: str = "") -> Result:
    return Result(metric, float(value), unit, goal, bool(value <= goal), against)


def finish(name: str, results: Sequence[Result]) -> int:
    """Print the table, write build/bench/NAME.json; the exit code says whether goals were met."""
    width = max(len(result.metric) for result in results)
    for result in results:
        goal = "" if result.goal is None else f"goal {result.goal:g}"
        verdict = {True: "met", False: "NOT MET", None: ""}[result.met]
        number = f"{result.value:8.1f} {result.unit:<3}"
        line = f"{result.metric:<{width}} {number} {goal:<12} {verdict:<8} {result.against}"
        print(line.rstrip())
    path = ROOT / "build" / "bench" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    print(f"Written to {path.relative_to(ROOT)}")
    return int(any(result.met is False for result in results))
