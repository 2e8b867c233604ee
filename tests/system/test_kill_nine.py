"""kill -9 at random moments: every answer that was acknowledged is there, once."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time

import pytest

from tests.system.annotator import Annotator
from tests.system.seed import PEOPLE
from tests.system.server import ROOT, System, kill_nine

KILLS = 10


@pytest.fixture
def system(tmp_path):
    system = System(tmp_path)
    try:
        system.manage("migrate", "--verbosity", "0")
        system.manage("collectstatic", "--no-input", "--verbosity", "0")
        yield system
    finally:
        system.end()


def run(system, module, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=system.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_for_more_answers(people):
    """Until everybody is at work again, so that a kill hits answers on their way."""
    before = {person: len(person.acknowledged) for person in people}
    deadline = time.monotonic() + 60
    while any(len(person.acknowledged) == before[person] for person in people):
        assert time.monotonic() < deadline, "nobody gets answers through"
        assert [person.failure for person in people] == [None] * len(people)
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_killing_the_web_process_loses_no_acknowledged_answer(system):
    run(system, "tests.system.seed", "1500")
    stop = threading.Event()
    people = [Annotator(system.url, name, stop) for name in PEOPLE]
    web = system.start_web()
    for person in people:
        person.start()

    for _ in range(KILLS):
        wait_for_more_answers(people)
        time.sleep(random.uniform(0, 0.7))
        kill_nine(web)
        web = system.start_web()
    wait_for_more_answers(people)
    stop.set()
    for person in people:
        person.join(60)

    found = json.loads(run(system, "tests.system.check"))
    acknowledged = [str(pk) for person in people for pk in person.acknowledged]
    assert [person.failure for person in people] == [None] * len(people)
    assert len(acknowledged) > KILLS
    assert set(acknowledged) <= set(found["events"])
    assert len(found["events"]) == len(set(found["events"])) == found["answers"]
    assert found["most_counted_per_document"] == 1
