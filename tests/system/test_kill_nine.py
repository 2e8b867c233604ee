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
from tests.system.server import ROOT, kill_nine

KILLS = 10


@pytest.fixture
def system(system):
    system.manage("collectstatic", "--no-input", "--verbosity", "0")
    return system


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


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_killing_the_worker_neither_loses_nor_doubles_a_row_or_an_answer(system):
    run(system, "tests.system.seed", "1500")
    rows = system.folder / "rows.csv"
    numbers = range(2500)
    lines = [f"R-{number},Message {number} of many,Praise" for number in numbers]
    rows.write_text("\n".join(["id,text,topic", *lines]) + "\n")
    stop = threading.Event()
    people = [Annotator(system.url, name, stop) for name in PEOPLE]
    system.start_web()
    for person in people:
        person.start()
    run(system, "tests.system.begin_import", str(rows))

    for _ in range(KILLS):
        worker = system.start("work")
        time.sleep(random.uniform(1.2, 2.2))
        kill_nine(worker)
        run(system, "tests.system.jobs", "age")
    system.start("work")
    wait_until_imported(system)
    stop.set()
    for person in people:
        person.join(60)

    found = json.loads(run(system, "tests.system.check"))
    acknowledged = [str(pk) for person in people for pk in person.acknowledged]
    assert [person.failure for person in people] == [None] * len(people)
    assert sorted(pk for pk in found["external_ids"] if pk.startswith("R-")) == sorted(
        f"R-{number}" for number in numbers
    )
    assert set(acknowledged) <= set(found["events"])
    assert found["answers"] == len(acknowledged) + len(numbers)
    assert found["most_counted_per_document"] == 1


def wait_until_imported(system):
    deadline = time.monotonic() + 180
    while (job := json.loads(run(system, "tests.system.jobs")))["state"] != "done":
        assert job["state"] != "failed", job
        assert time.monotonic() < deadline, job
        time.sleep(1)
