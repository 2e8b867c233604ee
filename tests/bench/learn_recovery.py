"""Whether the page finds what was planted: 100 simulated projects of 400 reserve answers each.

Each of the two true values must lie inside its own 95 % interval in 90 to 99 of the runs.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from statistics import fmean

from inference.effect.compared import compared
from inference.effect.table import Answered
from tests.bench.annotator import Planted, chosen_answers, reserve_answers
from tests.bench.report import Result, at_least, at_most, finish

RUNS, ANSWERS, CHOSEN = 100, 400, 1600
FEWEST, MOST = 90, 99
WIDEST = 10


def results(runs: int = RUNS) -> Iterator[Result]:
    planted = Planted()
    reserves = [reserve_answers(seed, ANSWERS, planted) for seed in range(runs)]
    figures = [compared(answers) for answers in reserves]
    saved = [each["seconds"] for each in figures]
    taken = [each["unwanted"] for each in figures]
    yield from _covered("time saved", saved, planted.saving)
    half = fmean((each["high"] - each["low"]) / 2 for each in saved) * 100
    yield at_most("time saved: half-width at 400 answers", half, "pts", WIDEST)
    yield from _covered("wrong suggestions taken", taken, planted.yielding)
    half = fmean((each["high"] - each["low"]) / 2 for each in taken) * 100
    yield Result("wrong suggestions taken: half-width", half, "pts")
    harmless = [_without(seed) for seed in range(runs)]
    alarms = sum(bool(each["misleading"]) for each in harmless) * 100 / runs
    yield at_most("runs with a label accused in vain", alarms, "%", 5)
    naive = fmean(
        _naive(answers + chosen_answers(seed, CHOSEN, planted))
        for seed, answers in enumerate(reserves)
    )
    against = f"true {100 * planted.saving:.0f} %; blind against all that was suggested"
    yield Result("naive comparison reports as saved", 100 * naive, "%", against=against)


def _covered(what: str, estimates: list[dict[str, float]], true: float) -> Iterator[Result]:
    """How often the interval holds the truth: often enough, and not because it is too wide."""
    inside = sum(each["low"] <= true <= each["high"] for each in estimates)
    inside = round(100 * inside / len(estimates))
    mean = f"true {true:.0%}, mean estimate {fmean(each['value'] for each in estimates):.1%}"
    yield at_least(f"{what}: inside its 95 % interval", inside, "of", FEWEST, against=mean)
    yield at_most(f"{what}: and not too often", inside, "of", MOST)


def _without(seed: int) -> dict[str, list[int]]:
    """Figures of a project whose suggestions neither help nor mislead."""
    return compared(reserve_answers(seed, ANSWERS, Planted(saving=0.0, yielding=0.0)))


def _naive(answers: list[Answered]) -> float:
    """Blind against all others, as one would without a reserve that is served by chance."""
    logs = {arm: [] for arm in (True, False)}
    for each in answers:
        logs[each.is_open].append(math.log(each.seconds))
    return 1 - math.exp(fmean(logs[True]) - fmean(logs[False]))


if __name__ == "__main__":
    sys.exit(finish("learn-recovery", list(results())))
