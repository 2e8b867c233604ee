"""Batches without a timer: what queued while the engine was busy is the next batch."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from inference.encoders.reading import MOST_WINDOWS, Reading, Window, merged

if TYPE_CHECKING:
    from inference.choices.heads import Floats
    from inference.engine import Engine

logger = logging.getLogger(__name__)

MAX_TEXTS = 32
MAX_TOKENS = 4096
MAX_WAITING = 256
WINDOWS_AT_ONCE = 8

Outcome = Any
"""A vector, or a whole reading."""
Waiter = asyncio.Future[Outcome]
Work = Literal["encode", "read"]
Key = tuple[Work, str]


class Busy(Exception):
    """More texts wait than the engine can take in reasonable time."""


@dataclass(slots=True)
class Entry:
    """One text, what is to be done with it, and everybody who waits for that, on any loop."""

    work: Work
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
        self._waiting: OrderedDict[Key, Entry] = OrderedDict()
        self._running: dict[Key, Entry] = {}
        self._is_busy = False

    async def encode(self, text: str) -> Floats:
        """The vector (dims,) of a text. Raises Busy, or what the engine raised."""
        vector: Floats = await self._done("encode", text)
        return vector

    async def read(self, text: str) -> Reading:
        """The vector and the words of a text; a long one is read window by window, and others'
        batches may come in between. Raises Busy, or what the engine raised.
        """
        windows = await asyncio.wrap_future(self._thread.submit(self._engine.windows, text))
        if len(windows) == 1:
            whole: Reading = await self._done("read", text)
            return whole
        readings: list[Reading] = []
        read = windows[:MOST_WINDOWS]
        for first in range(0, len(read), WINDOWS_AT_ONCE):
            parts = [text[one.start : one.end] for one in read[first : first + WINDOWS_AT_ONCE]]
            readings += await asyncio.gather(*(self._done("read", part) for part in parts))
        return self._merged(windows, readings)

    def read_all(self, texts: Sequence[str]) -> list[Reading]:
        """As `read`, for many texts, blocking."""
        split = [self._thread.submit(self._engine.windows, text) for text in texts]
        plans = [one.result() for one in split]
        parts = [
            text[window.start : window.end] if len(plan) > 1 else text
            for text, plan in zip(texts, plans, strict=True)
            for window in plan[:MOST_WINDOWS]
        ]
        readings = iter(self._each("read", parts))
        return [
            next(readings)
            if len(plan) == 1
            else self._merged(plan, [next(readings) for _ in plan[:MOST_WINDOWS]])
            for plan in plans
        ]

    def _merged(self, windows: Sequence[Window], readings: Sequence[Reading]) -> Reading:
        words = windows[-1].last if windows else 0
        parts = zip(windows, readings, strict=False)  # the last windows may be left unread
        return Reading(None, merged(parts, words, self._engine.word_dims))

    def encode_all(self, texts: Sequence[str]) -> Floats:
        """(n, dims) for many texts, blocking; others' batches may come in between."""
        if not texts:
            return np.zeros((0, self._engine.dims), dtype=np.float32)
        return np.stack(self._each("encode", texts))

    def _each(self, work: Work, texts: Sequence[str]) -> list[Outcome]:
        """What is to be done with each text, blocking, the shortest first."""
        if not texts:
            return []
        lengths = self._thread.submit(self._engine.token_lengths, texts).result()
        outcomes: list[Outcome] = [None] * len(texts)
        shortest_first = sorted(range(len(texts)), key=lengths.__getitem__)
        for batch in batches(shortest_first, lengths):
            chunk = [texts[place] for place in batch]
            done = self._thread.submit(self._do, work, chunk).result()
            for place, outcome in zip(batch, done, strict=True):
                outcomes[place] = outcome
        return outcomes

    def _do(self, work: Work, texts: Sequence[str]) -> Sequence[Outcome]:
        return self._engine.read(texts) if work == "read" else list(self._engine.encode(texts))

    async def _done(self, work: Work, text: str) -> Outcome:
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._join((work, text), waiter)
        return await waiter

    def _join(self, key: Key, waiter: Waiter) -> None:
        with self._lock:
            entry = self._running.get(key) or self._waiting.get(key)
            if entry is None:
                if len(self._waiting) >= self._max_waiting:
                    raise Busy("Too many texts are waiting for the model.")
                entry = self._waiting[key] = Entry(*key)
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
            outcomes = self._do(batch[0].work, [entry.text for entry in batch])
        except Exception as error:
            logger.exception("encode_failed", extra={"texts": len(batch)})
            self._finish(batch, error)
        else:
            self._finish(batch, outcomes)
        self._thread.submit(self._drain)

    def _candidates(self) -> list[Entry]:
        """The oldest texts that somebody still waits for, of one work, now running."""
        with self._lock:
            for key in [key for key, entry in self._waiting.items() if entry.is_departed]:
                del self._waiting[key]
            work = next((work for work, _ in self._waiting), None)
            keys = [key for key in self._waiting if key[0] == work][:MAX_TEXTS]
            self._running = {key: self._waiting.pop(key) for key in keys}
            self._is_busy = bool(keys)
            return list(self._running.values())

    def _first_batch(self, candidates: list[Entry]) -> list[Entry]:
        """As many of the oldest as fit the budget; the others go back to the front."""
        lengths = self._engine.token_lengths([entry.text for entry in candidates])
        size = len(next(batches(range(len(candidates)), lengths)))
        with self._lock:
            for entry in reversed(candidates[size:]):
                key = (entry.work, entry.text)
                del self._running[key]
                self._waiting[key] = entry
                self._waiting.move_to_end(key, last=False)
        return candidates[:size]

    def _finish(self, entries: Sequence[Entry], outcome: Sequence[Outcome] | Exception) -> None:
        """Answer all waiters of a batch, waking each of their loops once."""
        with self._lock:
            self._running = {}
            answers: dict[asyncio.AbstractEventLoop, list[tuple[Waiter, Outcome]]]
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


def _answer(pairs: list[tuple[Waiter, Outcome]]) -> None:
    for waiter, result in pairs:
        if waiter.done():
            continue
        if isinstance(result, Exception):
            waiter.set_exception(result)
        else:
            waiter.set_result(result)
