"""kill -9 for a worker in the middle of a job, at moments that chance picks."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable

from tests.system.inside import Inside
from tests.system.server import System, kill_nine

KILLS = 5
LIMIT_SECONDS = 90

Moment = Callable[[int], Callable[[], object]]
"""Called with a job before a worker takes it; what comes back waits until the kill is to come."""


def within(longest: float) -> Moment:
    """At any time of a run that takes so many seconds."""
    return lambda job: lambda: time.sleep(random.uniform(0, longest))


def once_there_is(pattern: str, system: System) -> Moment:
    """In the few milliseconds in which a file like that is written."""

    def prepare(job: int) -> Callable[[], None]:
        before = set(system.folder.glob(pattern))

        def wait() -> None:
            while set(system.folder.glob(pattern)) <= before:
                pass

        return wait

    return prepare


class Killer:
    """Kills workers while they run one job, and sees to it that the next one takes it up."""

    def __init__(self, system: System, inside: Inside) -> None:
        self.system, self.inside = system, inside

    def let_run(self, job: int) -> float:
        """To its end, whoever was killed before; the seconds from its start there."""
        worker = self.system.start("work")
        self._wait(job, lambda seen: seen["state"] != "queued")
        began = time.monotonic()
        seen = self._wait(job, lambda seen: seen["finished"])
        took = time.monotonic() - began
        self._wait_for_others()
        kill_nine(worker)
        self.inside("job.age")
        assert seen["state"] == "done", seen
        return took

    def strike(self, job: int, moment: Moment) -> bool:
        """Kill a worker that runs the job once the moment has come; whether that hit the job."""
        before = self.inside("job.look", pk=job)["token"]
        wait = moment(job)
        worker = self.system.start("work")
        self._wait(job, lambda seen: seen["finished"] or seen["token"] not in {before, "None"})
        wait()
        kill_nine(worker)
        hit = not self.inside("job.look", pk=job)["finished"]
        self.inside("job.age")
        return hit

    def strike_at(
        self,
        moments: Iterable[Moment],
        begin: Callable[[], int],
        look: Callable[[], object] = lambda: None,
    ) -> list[int]:
        """Every moment until it has hit a job: after one that was quicker another is begun. All
        that were begun, the last of them let run to its end. `look`: after each kill.
        """
        jobs = [begin()]
        for moment in moments:
            while not self.strike(jobs[-1], moment):
                jobs.append(begin())
            look()
        self.let_run(jobs[-1])
        return jobs

    def after_share(self, share: float) -> Moment:
        """Once that much of a job is done, and a little later."""

        def wait(job: int) -> None:
            self._wait(job, lambda seen: seen["finished"] or seen["share"] >= share)
            time.sleep(random.uniform(0, 0.5))

        return lambda job: lambda: wait(job)

    def _wait(self, job: int, is_so: Callable[[dict], bool]) -> dict:
        deadline = time.monotonic() + LIMIT_SECONDS
        while not is_so(seen := self.inside("job.look", pk=job)):
            assert time.monotonic() < deadline, seen
            time.sleep(0.02)
        return seen

    def _wait_for_others(self) -> None:
        """What a job brings about in its turn."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while self.inside("job.unfinished"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
