"""kill -9 while somebody promotes and goes back: one model suggests, and the log says which."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

import pytest
from websockets.sync.client import connect

from tests.system.annotator import Annotator
from tests.system.killing import KILLS
from tests.system.server import kill_nine

FOUND, REFUSED = 302, 422
BACK = 0
PATIENCE = 180
"""Seconds: the first suggestion waits for torch."""


class Stay(HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


class Owner(Annotator):
    """Promotes one version, the other, goes back twice, and again. `done`: promotions confirmed."""

    def __init__(self, url, numbers, stop):
        super().__init__(url, "owner", stop)
        self.acts = itertools.cycle([*numbers, BACK, BACK])
        self.done = []

    def run(self):
        try:
            self.sign_in()
            self.opener = build_opener(HTTPCookieProcessor(self.cookies), Stay())
            while not self.stop.is_set():
                self.promote(next(self.acts))
        except BaseException as failure:  # noqa: BLE001 - told to the test that joins us
            self.failure = failure

    def promote(self, number):
        act = "rollback" if number == BACK else f"{number}/promote"
        form = {"reason": "To see.", "csrfmiddlewaretoken": self.token()}
        address = f"{self.url}/projects/tickets/models/topic/{act}/"
        try:
            self.opener.open(Request(address, urlencode(form).encode()), timeout=20)
        except HTTPError as answer:
            answer.close()
            if answer.code not in {FOUND, REFUSED}:
                raise
            if answer.code == FOUND and number != BACK:  # which says the same of a refusal
                self.done.append(number)
        except (OSError, HTTPException):
            time.sleep(0.05)


@pytest.fixture
def system(system):
    system.settings = {"TORCH_THREADS": "1"}
    system.manage("collectstatic", "--no-input", "--verbosity", "0")
    return system


def wait_for_more(owner):
    before, deadline = len(owner.done), time.monotonic() + PATIENCE
    while len(owner.done) < before + 2:
        assert owner.failure is None, owner.failure
        assert time.monotonic() < deadline, "nothing gets through"
        time.sleep(0.02)


def consistent(seen):
    """What suggests, 0 for the live head: one, and each turn begins where the last one ended."""
    log = seen["log"]
    assert [before for before, _ in log] == [0, *(after for _, after in log[:-1])]
    present = log[-1][1] if log else 0
    assert seen["champions"] == ([present] if present else [])
    return present


def confirmed_in_turn(owner, log):
    """Whether every promotion that was confirmed is in the log, in that order."""
    turns = (after for _, after in log)
    return all(number in turns for number in owner.done)


def suggesting(system, seeded):
    """The version of what an annotator is shown."""
    with connect(
        f"ws://127.0.0.1:{system.port}/ws/projects/tickets/",
        origin=system.url,
        additional_headers={"Cookie": f"sessionid={seeded['session']}"},
        open_timeout=PATIENCE,
    ) as socket:
        socket.send(json.dumps({"type": "open", "document": seeded["document"]}))
        while (frame := json.loads(socket.recv(timeout=PATIENCE)))["type"] != "suggestion":
            pass
    return frame["model"]["version"]


def wait_until_suggesting(system, seeded, version):
    deadline = time.monotonic() + PATIENCE
    while (said := suggesting(system, seeded)) != version:
        assert time.monotonic() < deadline, said
        time.sleep(0.5)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_whoever_is_killed_while_promoting_one_model_suggests(system, inside):
    seeded = inside("promoting.seed")
    stop = threading.Event()
    owner = Owner(system.url, seeded["numbers"], stop)
    web = system.start_web()
    owner.start()

    for _ in range(KILLS):
        wait_for_more(owner)
        time.sleep(random.uniform(0, 0.3))
        kill_nine(web)
        consistent(inside("promoting.look"))
        web = system.start_web()
    wait_for_more(owner)
    stop.set()
    owner.join(60)

    seen = inside("promoting.look")
    present = consistent(seen)
    assert owner.failure is None
    assert confirmed_in_turn(owner, seen["log"])
    if present:
        wait_until_suggesting(system, seeded, str(present))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_command_that_is_killed_promotes_or_does_not(system, inside):
    seeded = inside("promoting.seed")
    one, other = seeded["numbers"]
    began = time.monotonic()
    system.manage("promote_model", "tickets", str(one), "--reason", "To begin with.")
    longest = time.monotonic() - began
    system.start_web()

    for number in itertools.islice(itertools.cycle([other, one]), KILLS):
        command = system.start("promote_model", "tickets", str(number), "--reason", "To see.")
        time.sleep(random.uniform(longest / 2, longest))
        kill_nine(command)
        present = consistent(inside("promoting.look"))

    wait_until_suggesting(system, seeded, str(present))
