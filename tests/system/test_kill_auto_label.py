"""kill -9 while a model labels the rest, from its first question to the last answer taken back."""

from __future__ import annotations

import random
import time

import pytest

from tests.system.inside import Inside
from tests.system.killing import KILLS, within
from tests.system.server import kill_nine

HITS = 2
"""Of one job; the run has three of them."""


class Run:
    """One run, from start to taking back, with or without kills."""

    def __init__(self, system, inside, killer, longest):
        self.system, self.inside, self.killer = system, inside, killer
        self.longest = longest
        self.hits = 0

    def work(self, act):
        """The job of an act; how long it took where nothing killed it."""
        job, hits, before = self.inside(act), 0, self.inside("labelling.people")
        while act in self.longest and hits < HITS:
            hit = self.killer.strike(job, within(self.longest[act]))
            whole(self.inside("labelling.look"))
            if not hit:
                break
            hits += 1
        self.hits += hits
        took = self.killer.let_run(job)
        assert self.inside("labelling.people") == before
        return took

    def choose(self):
        """How long it took; first in a process that is killed on the way, where there are kills."""
        if "choose" in self.longest:
            victim = Inside(self.system)
            victim("job.unfinished")
            victim.send("labelling.choose")
            time.sleep(random.uniform(0, 1.5 * self.longest["choose"]))
            kill_nine(victim.process)
            victim.end()
        began = time.monotonic()
        if not self.inside("labelling.look")["chosen"]:
            self.inside("labelling.choose")
        return time.monotonic() - began

    def from_start_to_end(self):
        inside, took = self.inside, {}
        left = None
        for act in ("labelling.begin", "labelling.apply", "labelling.undo"):
            took[act] = self.work(act)
            seen = inside("labelling.look")
            whole(seen)
            if act == "labelling.begin":
                assert seen["state"] == "answering"
                assert inside("labelling.answer_sample") == seen["drawn"] == 30
                took["choose"] = self.choose()
                inside("labelling.answer_some", count=3)
                left = inside("labelling.look")["open"]
            elif act == "labelling.apply":
                assert seen["state"] == "applied"
                assert seen["missing"] == 0
                assert seen["audited"] == 8
                assert seen["labelled"] > 100
                assert seen["open"] == left - seen["labelled"]
            else:
                assert seen["state"] == "undone"
                assert seen["labelled"] == 0
                assert seen["open"] == left
        return took


def whole(seen):
    """What holds at every moment."""
    assert seen["most_times"] <= 1
    assert seen["most_events"] <= 1
    for wrong in ("outside", "beside_people", "drawn_labelled", "marked_wrongly"):
        assert seen[wrong] == 0, wrong


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_run_that_is_killed_labels_each_once_and_takes_all_back(system, inside, killer):
    inside("labelling.seed")
    longest = Run(system, inside, killer, {}).from_start_to_end()

    hits = 0
    while hits < KILLS:
        run = Run(system, inside, killer, longest)
        run.from_start_to_end()
        hits += run.hits

    assert inside("storage.strays") == []
