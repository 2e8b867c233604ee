"""Batches without a timer: what queued while the engine was busy is the next batch."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from inference.engine import Engine
    from inference.heads import Floats

logger = logging.getLogger(__name__)

MAX_TEXTS = 32
MAX_TOKENS = 4096
MAX_WAITING = 256

Waiter = asyncio.Future["Floats"]


class Busy(Exception):
    """More texts wait than the engine can take in reasonable time."""


@dataclass(slots=True)
class Entry:
    """One text and everybody who waits for its vector, on whichever loop."""

    text: str
    waiters: list[Waiter] = field(default_factory=list)

    @property
    def is_departed(self) -> bool:
        return all(waiter.cancelled() for waiter in self.waiters)


class Batcher:
    """Feeds one engine on its single thread, from any number of event loops."""

    def __init__(self, engine: Engine, thread: Executor, *, max_waiting: int = MAX_WAITING) -> None:
        self._engine = engine
        self._thread = thread
        self._max_waiting = max_waiting
        self._lock = Lock()
        self._waiting: OrderedDict[str, Entry] = OrderedDict()
        self._running: dict[str, Entry] = {}
        self._is_busy = False

    async def encode(self, text: str) -> Floats:
        """The vector (dims,) of a text. Raises Busy, or what the engine raised."""
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._join(text, waiter)
        return await waiter

    def encode_all(self, texts: Sequence[str]) -> Floats:
        """(n, dims) for many texts, blocking; others' batches may come in between."""
        if not texts:
            return np.zeros((0, self._engine.dims), dtype=np.float32)
        lengths = self._thread.submit(self._engine.token_lengths, texts).result()
        vectors = np.zeros((len(texts), self._engine.dims), dtype=np.float32)
        shortest_first = sorted(range(len(texts)), key=lengths.__getitem__)
        for batch in batches(shortest_first, lengths):
            chunk = [texts[place] for place in batch]
            vectors[batch] = self._thread.submit(self._engine.encode, chunk).result()
        return vectors

    def _join(self, text: str, waiter: Waiter) -> None:
        with self._lock:
            entry = self._running.get(text) or self._waiting.get(text)
            if entry is None:
                if len(self._waiting) >= self._max_waiting:
                    raise Busy("Too many texts are waiting for the model.")
                entry = self._waiting[text] = Entry(text)
            entry.waiters.append(waiter)
            if self._is_busy:
                return
            self._is_busy = True
        self._thread.submit(self._drain)

    def _drain(self) -> None:
        """On the engine's thread: one batch, then make room for whoever else uses the thread."""
        candidates = self._candidates()
        if not candidates:
            return
        batch = candidates
        try:
            batch = self._first_batch(candidates)
            vectors = self._engine.encode([entry.text for entry in batch])
        except Exception as error:
            logger.exception("encode_failed", extra={"texts": len(batch)})
            self._finish(batch, error)
        else:
            self._finish(batch, vectors)
        self._thread.submit(self._drain)

    def _candidates(self) -> list[Entry]:
        """The oldest texts that somebody still waits for, now running."""
        with self._lock:
            for text in [text for text, entry in self._waiting.items() if entry.is_departed]:
                del self._waiting[text]
            texts = list(self._waiting)[:MAX_TEXTS]
            self._running = {text: self._waiting.pop(text) for text in texts}
            self._is_busy = bool(texts)
            return list(self._running.values())

    def _first_batch(self, candidates: list[Entry]) -> list[Entry]:
        """As many of the oldest as fit the budget; the others go back to the front."""
        lengths = self._engine.token_lengths([entry.text for entry in candidates])
        size = len(next(batches(range(len(candidates)), lengths)))
        with self._lock:
            for entry in reversed(candidates[size:]):
                del self._running[entry.text]
                self._waiting[entry.text] = entry
                self._waiting.move_to_end(entry.text, last=False)
        return candidates[:size]

    def _finish(self, entries: Sequence[Entry], outcome: Floats | Exception) -> None:
        """Answer all waiters of a batch, waking each of their loops once."""
        with self._lock:
            self._running = {}
            answers: dict[asyncio.AbstractEventLoop, list[tuple[Waiter, Floats | Exception]]]
            answers = defaultdict(list)
            for row, entry in enumerate(entries):
                result = outcome if isinstance(outcome, Exception) else outcome[row]
                for waiter in entry.waiters:
                    answers[waiter.get_loop()].append((waiter, result))
        for loop, pairs in answers.items():
            try:
                loop.call_soon_threadsafe(_answer, pairs)
            except RuntimeError:  # the loop closed, and its waiters went with it
                logger.info("waiters_departed", extra={"texts": len(pairs)})


def batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts in runs that fit the token budget, padding counted; never an empty run."""
    batch: list[int] = []
    longest = 0
    for place in order:
        longest = max(longest, lengths[place])
        if batch and (len(batch) == MAX_TEXTS or longest * (len(batch) + 1) > MAX_TOKENS):
            yield batch
            batch, longest = [], lengths[place]
        batch.append(place)
    if batch:
        yield batch


def _answer(pairs: list[tuple[Waiter, Floats | Exception]]) -> None:
    for waiter, result in pairs:
        if waiter.done():
            continue
        if isinstance(result, Exception):
            waiter.set_exception(result)
        else:
            waiter.set_result(result)
