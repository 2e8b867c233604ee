"""A simulated annotator at the real server: HTTP for answers, a WebSocket for suggestions.

It answers sib200's English sentences with their own labels, one after the other, and waits for the
suggestion before each answer as a person would. What the server has learned by then is told by
`manage.py suggest` on sentences that it never saw. One draw: the other parts have the intervals.
"""

from __future__ import annotations

import json
import random
import re
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

from tests.bench import learn_data
from tests.bench.bench_main import TOPICS, RealModel, is_ready, seeded
from tests.bench.report import Result, finish
from tests.system.annotator import Annotator, found

SIZES = (0, 64, 128)
HELD_OUT = 400
PATIENCE_SECONDS = 60
ENQUEUED_SECONDS = 3


class Simulated(Annotator):
    """Answers with the label that the data set gives to the text."""

    def __init__(self, url: str, truth: dict[int, str]) -> None:
        super().__init__(url, "ann", threading.Event())
        self.truth = truth
        self.right: list[bool] = []
        self.suggested_ms: list[float] = []
        self.submitted_ms: list[float] = []

    def open(self) -> str:
        self.sign_in()
        return self.insist("/projects/bench/label/")[0]

    def one(self, page: str, socket: ClientConnection) -> str:
        """Wait for the suggestion, answer, and return the next page."""
        document = int(found(r'data-document="(\d+)"', page))
        labels = labels_on(page)
        start = time.perf_counter()
        items = suggestion(socket, document)
        self.suggested_ms.append(1000 * (time.perf_counter() - start))
        best = items[0]["label"] if items else None
        self.right.append(best == labels[self.truth[document]])
        form = {
            "client_id": str(uuid.UUID(found(r'name="client_id" value="([^"]+)"', page))),
            "replaces": "",
            "active_ms": "4000",
            found(r'name="(q-\d+)"', page): str(labels[self.truth[document]]),
        }
        action = found(r'hx-post="([^"]+/submit)"', page)
        start = time.perf_counter()
        following, _ = self.insist(action, form, {"HX-Request": "true"})
        self.submitted_ms.append(1000 * (time.perf_counter() - start))
        return following


def labels_on(page: str) -> dict[str, int]:
    pattern = r'data-label="(\d+)".*?<span class="name"><bdi>(.*?)</bdi>'
    return {name: int(label) for label, name in re.findall(pattern, page, re.DOTALL)}


def suggestion(socket: ClientConnection, document: int) -> list[dict]:
    socket.send(json.dumps({"type": "open", "document": document}))
    while True:
        frame = json.loads(socket.recv(timeout=PATIENCE_SECONDS))
        if frame["type"] == "suggestion" and frame["document"] == document:
            return frame["items"]


def results() -> Iterator[Result]:
    data = learn_data.sib200()
    if data is None:
        print(f"SKIPPED: the path of a real annotator, because {learn_data.DATA} has no sib200")
        return
    rows = [
        (text, data.labels[column])
        for text, column in zip(data.texts, data.classes.tolist(), strict=True)
    ]
    random.Random(1).shuffle(rows)
    held_out, answered = rows[:HELD_OUT], rows[HELD_OUT:]
    with tempfile.TemporaryDirectory() as folder:
        system = RealModel(Path(folder))
        try:
            yield from walk(system, held_out, answered)
        finally:
            system.end()


def walk(
    system: RealModel, held_out: list[tuple[str, str]], answered: list[tuple[str, str]]
) -> Iterator[Result]:
    system.manage("migrate", "--verbosity", "0")
    system.manage("collectstatic", "--noinput", "--verbosity", "0")
    world = seeded(system, [text for text, _ in answered], labels=TOPICS)
    unseen = system.folder / "unseen.jsonl"
    unseen.write_text("".join(json.dumps({"text": text}) + "\n" for text, _ in held_out))
    system.start_web()
    truth = dict(zip(world["documents"], (label for _, label in answered), strict=True))
    person = Simulated(system.url, truth)
    page = person.open()
    session = {"Cookie": f"sessionid={world['sessions']['ann']}"}
    address = f"ws://127.0.0.1:{system.port}/ws/projects/bench/"
    with connect(address, origin=system.url, additional_headers=session) as socket:
        while not is_ready(json.loads(socket.recv(timeout=120))):
            pass
        time.sleep(ENQUEUED_SECONDS)
        system.manage("work", "--batch")  # reads every text, as the worker beside a server does
        for size in SIZES:
            while len(person.right) < size:
                page = person.one(page, socket)
            share = accuracy(system, unseen, [label for _, label in held_out])
            name = f"real server: accuracy on {HELD_OUT} unseen sentences after {size} answers"
            yield Result(name, 100 * share, "%", against="sib200 English, one draw")
    last = person.right[-SIZES[1] :]
    name = f"real server: suggestions right while answering, the last {len(last)}"
    yield Result(name, 100 * statistics.mean(last), "%")
    median = statistics.median
    yield Result("real server: suggestion after open, median", median(person.suggested_ms), "ms")
    yield Result("real server: submit and next page, median", median(person.submitted_ms), "ms")


def accuracy(system: RealModel, unseen: Path, truth: list[str]) -> float:
    lines = [
        json.loads(line) for line in system.manage("suggest", "bench", str(unseen)).splitlines()
    ]
    said = [line["suggestions"]["topic"]["items"] for line in lines]
    return statistics.mean(
        bool(items) and items[0]["label"] == label for items, label in zip(said, truth, strict=True)
    )


if __name__ == "__main__":
    sys.exit(finish("learn-path", list(results())))
