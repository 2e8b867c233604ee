"""The labelled sets that `bench-learn` learns from, and what the encoder makes of their texts.

Each set is named with its public source in docs/benchmarks.md. `BENCH_DATA` says where they are.
Vectors are kept in build/bench/ by the hash of the texts, since they cost minutes.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from inference.batcher import Batcher
from inference.choices.heads import Floats, wording
from inference.encoders.bert_engine import BertEngine
from tests.bench.bench_main import TOPICS
from tests.bench.report import ROOT

DATA = Path(os.environ.get("BENCH_DATA", ROOT.parent / "shared" / "data"))
KEPT = ROOT / "build" / "bench" / "vectors"


@dataclass(frozen=True)
class ChoiceSet:
    """Texts and their answers: `answers` holds the columns chosen, none for out of scope."""

    name: str
    texts: tuple[str, ...]
    answers: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    descriptions: tuple[str, ...]
    multiple: bool = False

    @property
    def classes(self) -> np.ndarray:
        """(n,) the first column of each answer, -1 for none."""
        return np.array([answer[0] if answer else -1 for answer in self.answers])


def banking77() -> ChoiceSet | None:
    """All splits merged; names stand for descriptions."""
    folder = DATA / "banking77"
    if not folder.is_dir():
        return None
    rows = [
        row
        for part in ("train", "test")
        for row in csv.DictReader((folder / f"{part}.csv").open(encoding="utf-8", newline=""))
    ]
    return _single("banking77", [(row["text"], row["category"]) for row in rows])


def sib200(language: str = "eng_Latn") -> ChoiceSet | None:
    """All splits merged, with written descriptions."""
    folder = DATA / "sib200" / language
    if not folder.is_dir():
        return None
    rows = [
        row
        for part in ("train", "dev", "test")
        for row in csv.DictReader(
            (folder / f"{part}.tsv").open(encoding="utf-8", newline=""),
            delimiter="\t",
            quoting=csv.QUOTE_NONE,
        )
    ]
    pairs = [(row["text"], row["category"]) for row in rows]
    return _single(f"sib200 {language}", pairs, described=TOPICS)


def clinc150() -> ChoiceSet | None:
    """All splits merged; out-of-scope texts have no answer."""
    path = DATA / "clinc150" / "data_small.json"
    if not path.is_file():
        return None
    parts = json.loads(path.read_text(encoding="utf-8"))
    return _single("clinc150", [tuple(row) for part in parts.values() for row in part], none="oos")


def goemotions() -> ChoiceSet | None:
    """Several labels a text; the train part."""
    folder = DATA / "goemotions" / "original"
    if not folder.is_dir():
        return None
    names = tuple((folder / "labels.txt").read_text(encoding="utf-8").split())
    rows = [
        line.split("\t") for line in (folder / "train.tsv").read_text(encoding="utf-8").splitlines()
    ]
    return ChoiceSet(
        "goemotions",
        tuple(row[0] for row in rows),
        tuple(tuple(int(column) for column in row[1].split(",")) for row in rows),
        names,
        ("",) * len(names),
        multiple=True,
    )


def _single(
    name: str,
    pairs: Sequence[tuple[str, str]],
    *,
    described: dict[str, str] | None = None,
    none: str = "",
) -> ChoiceSet:
    labels = sorted({label for _, label in pairs} - {none})
    column = {label: place for place, label in enumerate(labels)}
    return ChoiceSet(
        name,
        tuple(text for text, _ in pairs),
        tuple((column[label],) if label != none else () for _, label in pairs),
        tuple(labels),
        tuple((described or {}).get(label, "") for label in labels),
    )


def vectors_of(texts: Sequence[str]) -> Floats:
    """(n, d) float32, read once and kept."""
    key = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
    path = KEPT / f"{key}.npy"
    if path.is_file():
        kept: Floats = np.load(path, allow_pickle=False)
        return kept
    with ThreadPoolExecutor(1) as thread:
        rows: Floats = np.asarray(Batcher(_engine(), thread).encode_all(list(texts)))
    KEPT.mkdir(parents=True, exist_ok=True)
    np.save(path, rows, allow_pickle=False)
    return rows


def wordings_of(data: ChoiceSet) -> Floats:
    """(C, d): what the encoder makes of names and descriptions, as the product words them."""
    return vectors_of([wording(*pair) for pair in zip(data.labels, data.descriptions, strict=True)])


@cache
def _engine() -> BertEngine:
    engine = BertEngine(threads=os.cpu_count() or 1)
    engine.start()
    engine.warm_up()
    return engine
