"""The socket as the world meets it: the served process and a real WebSocket client."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.system.server import ROOT, System

PEOPLE = {"bob": "annotator", "vera": "viewer"}
TEXTS = ["I want a refund of my money", "The parcel is late again, late delivery"]


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    running = System(tmp_path_factory.mktemp("system"))
    running.manage("migrate", "--verbosity", "0")
    running.start_web()
    yield running
    running.end()


@pytest.fixture(scope="module")
def world(system):
    seeds = {}
    for slug, people in (("tickets", PEOPLE), ("other", {"charlie": "owner"})):
        wanted = {"slug": slug, "people": people, "texts": TEXTS}
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.seed"],
            cwd=ROOT,
            env=system.environment,
            input=json.dumps(wanted),
            capture_output=True,
            text=True,
            check=True,
        )
        seeds[slug] = json.loads(done.stdout)
    return seeds


def tab(system, session: str | None, *, slug="tickets", origin: str | None = None):
    cookie = {"Cookie": f"sessionid={session}"} if session else {}
    address = f"ws://127.0.0.1:{system.port}/ws/projects/{slug}/"
    return connect(address, origin=origin or system.url, additional_headers=cookie, open_timeout=20)


def hear_of(socket: ClientConnection, kind: str) -> dict:
    while (frame := json.loads(socket.recv(timeout=20)))["type"] != kind:
        pass
    return frame


def test_an_annotator_is_greeted_and_gets_suggestions(system, world):
    bob = world["tickets"]["sessions"]["bob"]
    with tab(system, bob) as socket:
        hello = hear_of(socket, "hello")
        for document in world["tickets"]["documents"]:
            socket.send(json.dumps({"type": "open", "document": document}))
            frame = hear_of(socket, "suggestion")
            assert frame["document"] == document
            assert frame["items"][0]["offered"]
        socket.send(json.dumps({"type": "ping"}))
        hear_of(socket, "pong")

    assert hello["protocol"] == 1


def test_nonsense_closes_nothing(system, world):
    with tab(system, world["tickets"]["sessions"]["bob"]) as socket:
        socket.send(b"\x00\xff")
        assert hear_of(socket, "error")["code"] == "not_text"
        socket.send("{")
        assert hear_of(socket, "error")["code"] == "not_json"
        socket.send(json.dumps({"type": "open", "document": world["other"]["documents"][0]}))
        assert hear_of(socket, "error")["code"] == "not_found"
        socket.send(json.dumps({"type": "ping"}))
        hear_of(socket, "pong")


@pytest.mark.parametrize(
    ("project", "person", "code"),
    [("tickets", None, 4401), ("tickets", "vera", 4403), ("other", "charlie", 4404)],
    ids=["signed out", "viewer", "stranger"],
)
def test_the_close_code_reaches_whoever_may_not_label(system, world, project, person, code):
    session = world[project]["sessions"][person] if person else None

    with tab(system, session) as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=20)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code


def test_a_page_of_another_site_gets_no_socket(system, world):
    session = world["tickets"]["sessions"]["bob"]

    with pytest.raises(InvalidStatus) as refused:
        tab(system, session, origin="https://evil.example")

    assert refused.value.response.status_code == 403
