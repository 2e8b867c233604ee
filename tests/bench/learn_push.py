"""How soon an answer in one browser shows as a better suggestion in another.

A real server with the real encoder, twenty classes and a thousand labelled answers. One person
answers over HTTP, the other has a document open on a WebSocket. The clock starts before the answer
is posted and stops when the other socket has heard what the new version says.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.bench.bench_main import RealModel, is_ready, percentile
from tests.bench.learn_data import banking77
from tests.bench.report import ROOT, Result, at_least, at_most, finish

CLASSES, ANSWERS, SUBMITS, FREE = 20, 1000, 80, 320
GOAL_MS = 500
PAUSE_SECONDS = 0.15
COUNT = "of so many answers, that changed what the other sees"


@dataclass(frozen=True)
class Timed:
    """Milliseconds from posting an answer, and whether the other's suggestion looked different."""

    submit: float
    saved: float
    fitted: float
    heard: float
    changed: bool


def results() -> Iterator[Result]:
    if banking77() is None:
        print("SKIPPED: pushes, because banking77 is not there")
        return
    with served() as (system, world):
        ann = Poster(system.url, world)
        alone = [ann.post(*one) for one in world["free"][:SUBMITS]]
        with socket_of(system, world) as socket:
            rest = world["free"][SUBMITS:]
            worked = processor_ms(system)
            times = [timed(system, ann, socket, pair) for pair in pairs(rest[: 2 * SUBMITS])]
            worked = (processor_ms(system) - worked) / len(times)
            crowded = posted_in_a_row(ann, socket, rest[2 * SUBMITS :])
    yield from pushes(times)
    name = "processor time of the server, all that an open and an answer cost"
    yield Result(name, worked, "ms", against="what it would take on an idle core")
    quiet, busy = statistics.median(alone), statistics.median(crowded)
    yield Result("answer posted, nobody connected, median", quiet, "ms")
    yield at_most(
        "answer posted while refits run, median",
        busy,
        "ms",
        round(quiet + 50, 1),
        against="nobody connected plus 50 ms",
    )


def pushes(times: list[Timed]) -> Iterator[Result]:
    heard = [one.heard for one in times]
    changed = [one.heard for one in times if one.changed]
    yield at_most("answer to other browser, 95th percentile", percentile(heard), "ms", GOAL_MS)
    yield Result("answer to other browser, median", statistics.median(heard), "ms")
    yield Result("slowest", max(heard), "ms")
    yield at_least(f"{len(times)} answers", len(times), "", 60)
    yield Result(f"{COUNT}", len(changed), "")
    if len(changed) > 1:
        yield Result("of these, 95th percentile", percentile(changed), "ms")
    parts = {
        "until saved": [one.saved for one in times],
        "waiting and fitting": [one.fitted - one.saved for one in times],
        "suggesting and pushing": [one.heard - one.fitted for one in times],
    }
    for name, part in parts.items():
        share = 100 * statistics.mean(part) / statistics.mean(heard)
        yield Result(name + ", median", statistics.median(part), "ms", against=f"{share:.0f} %")


def processor_ms(system: RealModel) -> float:
    """Milliseconds of processor time that the web process has used, on all its threads."""
    fields = Path(f"/proc/{system.processes[-1].pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return 1000 * ticks / os.sysconf("SC_CLK_TCK")


def pairs(free: list[list[int]]) -> list[tuple[list[int], list[int]]]:
    """What one answers beside what the other looks at: another text of the same class."""
    return list(zip(free[::2], free[1::2], strict=True))


def timed(system: Any, ann: Poster, socket: ClientConnection, pair: Any) -> Timed:
    answered, looked_at = pair
    before = opened(socket, looked_at[0])
    time.sleep(PAUSE_SECONDS)  # a person reads; what an open leaves to do is over by then
    start, began = time.perf_counter(), datetime.now(UTC)
    submit = ann.post(*answered)
    version, kind = before, ""
    while version == before:
        frame = json.loads(socket.recv(timeout=30))
        kind, version = frame["type"], frame.get("model", {}).get("version", before)
    heard = 1000 * (time.perf_counter() - start)
    saved, fitted = times_of(system, answered[0])
    since = [1000 * (moment - began).total_seconds() for moment in (saved, fitted)]
    return Timed(submit, since[0], since[1], heard, kind == "suggestion")


def opened(socket: ClientConnection, document: int) -> str:
    """Open a document; the version that suggests for it."""
    socket.send(json.dumps({"type": "open", "document": document}))
    while True:
        frame = json.loads(socket.recv(timeout=30))
        if frame.get("document") == document and frame["type"] == "suggestion":
            return frame["model"]["version"]


def posted_in_a_row(ann: Poster, socket: ClientConnection, free: list[list[int]]) -> list[float]:
    """Milliseconds of answers one right behind the other, while each stirs the learner."""
    over = threading.Event()

    def listen() -> None:
        while not over.is_set():
            try:
                socket.recv(timeout=0.2)
            except TimeoutError:
                continue

    ear = threading.Thread(target=listen)
    ear.start()
    times = [ann.post(*one) for one in free]
    over.set()
    ear.join()
    return times


class Poster:
    """Posts answers as a browser does, over one kept connection."""

    def __init__(self, url: str, world: dict[str, Any]) -> None:
        import http.client

        self.line = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
        self.world = world
        self.cookie = f"sessionid={world['sessions']['ann']}; csrftoken={'c' * 32}"

    def post(self, document: int, label: int) -> float:
        """Answer one document; milliseconds until the server says it is saved."""
        from urllib.parse import urlencode

        client_id = str(uuid.uuid4())
        form = {
            "client_id": client_id,
            "replaces": "",
            "csrfmiddlewaretoken": "c" * 32,
            f"q-{self.world['question']}": label,
        }
        headers = {
            "Cookie": self.cookie,
            "HX-Request": "true",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        path = f"/projects/bench/label/{document}/submit"
        start = time.perf_counter()
        self.line.request("POST", path, urlencode(form), headers)
        response = self.line.getresponse()
        text = response.read()
        took = 1000 * (time.perf_counter() - start)
        assert response.headers.get("Annotate-Saved") == client_id, (response.status, text[:500])
        return took


@contextmanager
def socket_of(system: Any, world: dict[str, Any]) -> Iterator[ClientConnection]:
    headers = {"Cookie": f"sessionid={world['sessions']['ben']}"}
    address = f"ws://127.0.0.1:{system.port}/ws/projects/bench/"
    with connect(address, origin=system.url, additional_headers=headers) as socket:
        while not is_ready(json.loads(socket.recv(timeout=120))):
            pass
        for _ in range(3):  # the first fit, and what is only done once
            opened(socket, world["free"][-1][0])
            time.sleep(1)
        yield socket


@contextmanager
def served() -> Iterator[tuple[RealModel, dict[str, Any]]]:
    with tempfile.TemporaryDirectory() as folder:
        system = RealModel(Path(folder))
        try:
            system.manage("migrate", "--verbosity", "0")
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.learn_push", "seed"],
                cwd=ROOT,
                env=system.environment,
                stdout=subprocess.PIPE,
                check=True,
            )
            system.start_web()
            yield system, json.loads(done.stdout.splitlines()[-1])
        finally:
            system.end()


def times_of(system: RealModel, document: int) -> list[datetime]:
    """When the answer was saved, and when the newest weights were."""
    asked = (
        f"SELECT created_at FROM labeling_event WHERE document_id = {document}",
        "SELECT fitted_at FROM inference_liveweights",
    )
    if system.on_postgres:
        import psycopg

        with psycopg.connect(system.environment["DATABASE_URL"]) as connection:
            return [connection.execute(sql).fetchone()[0] for sql in asked]  # type: ignore[index]
    import sqlite3

    path = f"file:{system.folder / 'db.sqlite3'}?mode=ro"
    with sqlite3.connect(path, uri=True) as line:
        found = [line.execute(sql).fetchone()[0] for sql in asked]
    line.close()
    return [datetime.fromisoformat(value).replace(tzinfo=UTC) for value in found]


def seed() -> None:
    """A project with its vectors; runs as a process of its own, on the server's database."""
    import django

    django.setup()
    from inference import vectors
    from inference.encoders.bert_engine import BertEngine
    from labeling.import_answers import import_answers
    from labeling.publish import publish
    from projects.models import Document, DocumentState, document_hash
    from tests.bench.learn_data import vectors_of
    from tests.e2e.seed import session_of
    from tests.factories import make_member, make_project, make_question

    chosen, rows = examples()
    engine = BertEngine()
    engine.start()
    project = make_project("Bench", slug="bench", reserve=0, queue_order="imported")
    question = make_question(project, labels=chosen)
    labels = {label.name: label.pk for label in question.labels.all()}
    people = {name: make_member(project, name, "annotator") for name in ("ann", "ben")}
    documents = Document.objects.bulk_create(
        Document(
            project=project,
            position=place,
            external_id=str(place),
            texts={"text": text},
            text_hash=document_hash({"text": text}, ["text"]),
            state=DocumentState.STAGED,
        )
        for place, (text, _) in enumerate(rows)
    )
    known = vectors_of([text for text, _ in rows])
    vectors.keep(
        engine.name, {one.text_hash: row for one, row in zip(documents, known, strict=True)}
    )
    answered = [
        (one, {question.pk: [labels[name]]}) for one, (_, name) in zip(documents, rows, strict=True)
    ]
    import_answers(project=project, rows=answered[:ANSWERS], actor=None)
    publish(project=project, documents=documents)
    free = zip(documents[ANSWERS:], rows[ANSWERS:], strict=True)
    facts = {
        "question": question.pk,
        "free": [[one.pk, labels[name]] for one, (_, name) in free],
        "sessions": {name: session_of(user) for name, user in people.items()},
    }
    print(json.dumps(facts))


def examples() -> tuple[list[str], list[tuple[str, str]]]:
    """The labels; and texts with theirs, of which neighbours behind the answered are of one."""
    data = banking77()
    assert data is not None
    chosen = list(data.labels[:CLASSES])
    found = {(text, data.labels[of[0]]) for text, of in zip(data.texts, data.answers, strict=True)}
    dice = random.Random(0)
    rows = sorted(row for row in found if row[1] in chosen)
    dice.shuffle(rows)
    taught, others = rows[:ANSWERS], rows[ANSWERS : ANSWERS + FREE]
    return chosen, [*taught, *sorted(others, key=lambda row: row[1])]


if __name__ == "__main__":
    if sys.argv[1:] == ["seed"]:
        seed()
    else:
        sys.exit(finish("learn-push", list(results())))
