"""`make bench-main`: what suggestions are worth before any answer, and how soon they come.

The times are taken on a real server and a real WebSocket, from the moment `open` is sent until
the suggestion is here. The bare forward pass is taken side by side, text by text, in this process.
"""

from __future__ import annotations

import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

from inference.batcher import Batcher
from inference.choices.heads import fit, wording
from inference.encoders.bert_engine import BertEngine, _padded
from tests.bench.report import ROOT, Result, at_least, at_most, finish
from tests.system.server import System

DATA = Path(os.environ.get("BENCH_DATA", ROOT.parent / "shared" / "data"))
DOCUMENTS = 60
WORDS = 50
PAUSE_SECONDS = 0.1  # a person reads; what the server does behind a suggestion is over by then

TOPICS = {
    "science/technology": "Research, experiments and discoveries in physics, chemistry, biology or "
    "space, and computers, machines, inventions and engineering.",
    "travel": "Going places: trips, tourism, hotels, flights, trains, sights and advice for "
    "visitors.",
    "politics": "Governments, elections, laws, parties, leaders, wars, diplomacy and protests.",
    "sports": "Games and matches, teams, players, coaches, races, tournaments and results.",
    "health": "Illness, medicine, hospitals, doctors, outbreaks, nutrition and care of the body.",
    "entertainment": "Films, music, television, theatre, celebrities, art, festivals and shows.",
    "geography": "Countries, cities, islands, rivers, mountains, borders, climate and landscape.",
}
VOCABULARY = """
parcel refund invoice late arrived broken screen order number yesterday morning please help account
password card charged twice shop staff friendly box damaged colour wrong size return address courier
waiting week phone answer nobody money back thank you again the a my is was not and but with from to
in on it they when still very after before one two three days
"""


def main() -> int:
    engine = BertEngine()
    engine.start()
    engine.warm_up()
    return finish("main", [*zero_label(engine), *latency(engine)])


def zero_label(engine: BertEngine) -> list[Result]:
    """Accuracy on every sentence of sib200's English, all splits merged, from wording alone."""
    folder = DATA / "sib200" / "eng_Latn"
    if not folder.is_dir():
        print(f"SKIPPED: zero-label accuracy, because there is no {folder}")
        return []
    rows = [row for split in ("train", "dev", "test") for row in read(folder / f"{split}.tsv")]
    topics = list(TOPICS)
    with ThreadPoolExecutor(1) as thread:
        batcher = Batcher(engine, thread)
        vectors = batcher.encode_all([row["text"] for row in rows])
        wordings = batcher.encode_all([wording(*topic) for topic in TOPICS.items()])
    head = fit(wordings=wordings, pool=vectors, vectors=vectors[:0], answers=[], multiple=False)
    guesses = head.probabilities(vectors).argmax(axis=1)
    right = sum(row["category"] == topics[guess] for row, guess in zip(rows, guesses, strict=True))
    name = f"zero-label accuracy, {len(rows)} English sentences"
    return [at_least(name, 100 * right / len(rows), "%", 72, against="sib200, all splits merged")]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def latency(engine: BertEngine) -> list[Result]:
    """Medians over documents never seen before, then over the same ones again."""
    with served(documents=3 * DOCUMENTS) as (socket, documents, texts):
        # The queue's next documents are read ahead; the last ones are nobody's yet.
        fresh = list(zip(documents, texts, strict=True))[-DOCUMENTS:]
        for document in documents[:10]:
            opened(socket, document)
        uncached, bare = [], []
        for document, text in fresh:
            uncached.append(opened(socket, document))
            bare.append(forward_pass(engine, text))
        cached = [opened(socket, document) for document, _ in fresh]
    forward = statistics.median(bare)
    against = f"one bare forward pass ({forward:.1f} ms) plus 10 ms"
    return [
        at_most("cached document, median", statistics.median(cached), "ms", 10),
        Result("cached document, 95th percentile", percentile(cached), "ms"),
        at_most(
            "uncached 50-word document, median",
            statistics.median(uncached),
            "ms",
            round(forward + 10, 1),
            against=against,
        ),
        Result("uncached 50-word document, 95th percentile", percentile(uncached), "ms"),
    ]


class RealModel(System):
    """The served product with its real encoder."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "ENGINE": "minilm", "JOB_STALE_SECONDS": "60"}


@contextmanager
def served(*, documents: int) -> Iterator[tuple[ClientConnection, list[int], list[str]]]:
    """A socket to a served project of that many texts, once the model is warm."""
    dice = random.Random(0)
    texts = [" ".join(dice.choices(VOCABULARY.split(), k=WORDS)) for _ in range(documents)]
    with tempfile.TemporaryDirectory() as folder:
        system = RealModel(Path(folder))
        try:
            system.manage("migrate", "--verbosity", "0")
            world = seeded(system, texts, labels=list(TOPICS))
            system.start_web()
            headers = {"Cookie": f"sessionid={world['sessions']['ann']}"}
            address = f"ws://127.0.0.1:{system.port}/ws/projects/bench/"
            with connect(address, origin=system.url, additional_headers=headers) as socket:
                while not is_ready(json.loads(socket.recv(timeout=120))):
                    pass
                time.sleep(1)
                yield socket, world["documents"], texts
        finally:
            system.end()


def seeded(system: System, texts: list[str], *, labels: list[str] | dict[str, str]) -> dict:
    """A project of these texts; `labels`: names, or names to descriptions."""
    questions = [{"name": "topic", "labels": labels}]
    wanted = {
        "slug": "bench",
        "people": {"ann": "annotator"},
        "texts": texts,
        "questions": questions,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.seed"],
        cwd=ROOT,
        env=system.environment,
        input=json.dumps(wanted).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def is_ready(frame: dict) -> bool:
    return "ready" in (frame.get("engine"), frame.get("state"))


def opened(socket: ClientConnection, document: int) -> float:
    """Milliseconds from asking to the suggestion."""
    time.sleep(PAUSE_SECONDS)
    start = time.perf_counter()
    socket.send(json.dumps({"type": "open", "document": document}))
    while json.loads(socket.recv(timeout=30)).get("document") != document:
        pass
    return 1000 * (time.perf_counter() - start)


def forward_pass(engine: BertEngine, text: str) -> float:
    """Milliseconds of the model alone, tokens ready, on the text just served."""
    import torch

    [encoding] = engine._tokenizer.encode_batch([text])
    ids, mask = _padded([encoding.ids])
    start = time.perf_counter()
    with torch.inference_mode():
        engine._model(input_ids=ids, attention_mask=mask)
    return 1000 * (time.perf_counter() - start)


def percentile(times: list[float], share: int = 95) -> float:
    return statistics.quantiles(times, n=100)[share - 1]


if __name__ == "__main__":
    sys.exit(main())
