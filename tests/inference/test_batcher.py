from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from inference.batcher import MAX_TEXTS, MAX_TOKENS, Batcher, Busy, batches
from inference.encoders.fake_engine import FakeEngine


class GatedEngine(FakeEngine):
    """Waits at its gate with every batch, so that a test decides what queues meanwhile."""

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.entered = threading.Semaphore(0)
        self.batches: list[list[str]] = []
        self.broken = False

    def encode(self, texts: Sequence[str]):
        self.batches.append(list(texts))
        self.entered.release()
        assert self.gate.acquire(timeout=10)
        if self.broken:
            raise RuntimeError("out of memory")
        return super().encode(texts)

    def until_entered(self) -> None:
        assert self.entered.acquire(timeout=10)


@pytest.fixture
def engine():
    return GatedEngine()


@pytest.fixture
def thread():
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def batcher(engine, thread):
    return Batcher(engine, thread, max_waiting=40)


async def begin(batcher: Batcher, *texts: str) -> list[asyncio.Task]:
    """Ask for these texts and let every request reach the queue."""
    tasks = [asyncio.create_task(batcher.encode(text)) for text in texts]
    await asyncio.sleep(0)
    return tasks


async def busy_with(batcher: Batcher, engine: GatedEngine, text: str) -> asyncio.Task:
    [task] = await begin(batcher, text)
    await asyncio.to_thread(engine.until_entered)
    return task


async def test_a_lone_text_is_encoded_at_once(batcher, engine):
    engine.gate.release()

    vector = await batcher.encode("alone")

    assert np.array_equal(vector, FakeEngine().encode(["alone"])[0])
    assert engine.batches == [["alone"]]


async def test_what_queues_while_the_engine_is_busy_is_one_batch(batcher, engine):
    first = await busy_with(batcher, engine, "first")
    rest = await begin(batcher, "a", "b", "c")

    engine.gate.release(2)
    vectors = await asyncio.gather(first, *rest)

    assert engine.batches == [["first"], ["a", "b", "c"]]
    expected = FakeEngine().encode(["first", "a", "b", "c"])
    assert np.array_equal(np.stack(vectors), expected)


async def test_equal_texts_are_encoded_once_while_waiting_and_while_running(batcher, engine):
    first = await busy_with(batcher, engine, "same")
    again = await begin(batcher, "same", "other", "other")

    engine.gate.release(2)
    await asyncio.gather(first, *again)

    assert engine.batches == [["same"], ["other"]]


async def test_a_full_queue_says_busy_at_once(batcher, engine):
    first = await busy_with(batcher, engine, "first")
    waiting = await begin(batcher, *[f"text {n}" for n in range(40)])

    with pytest.raises(Busy):
        await batcher.encode("one too many")

    engine.gate.release(3)
    await asyncio.gather(first, *waiting)


async def test_the_departed_are_dropped_when_the_batch_is_built(batcher, engine):
    first = await busy_with(batcher, engine, "first")
    stays, leaves = await begin(batcher, "stays", "leaves")
    leaves.cancel()
    await asyncio.sleep(0)

    engine.gate.release(2)
    await asyncio.gather(first, stays)

    assert engine.batches == [["first"], ["stays"]]


async def test_a_text_stays_while_one_of_its_waiters_does(batcher, engine):
    first = await busy_with(batcher, engine, "first")
    leaves, stays = await begin(batcher, "shared", "shared")
    leaves.cancel()

    engine.gate.release(2)
    await asyncio.gather(first, stays)

    assert engine.batches == [["first"], ["shared"]]


async def test_an_exception_fails_its_waiters_and_the_next_batch_works(batcher, engine):
    engine.broken = True
    first = await busy_with(batcher, engine, "first")
    engine.gate.release()
    with pytest.raises(RuntimeError, match="out of memory"):
        await first

    engine.broken = False
    engine.gate.release()
    assert (await batcher.encode("second")).any()


async def test_a_tokenizer_that_fails_fails_its_waiters(batcher, engine, monkeypatch):
    def broken(texts):
        raise ValueError("no such text")

    monkeypatch.setattr(engine, "token_lengths", broken)

    with pytest.raises(ValueError, match="no such text"):
        await batcher.encode("anything")


async def test_a_batch_wakes_its_loop_once(batcher, engine, monkeypatch):
    loop = asyncio.get_running_loop()
    calls = []
    threadsafe = loop.call_soon_threadsafe

    def counted(callback, *args, **kwargs):
        if callback.__name__ == "_answer":
            calls.append(args)
        return threadsafe(callback, *args, **kwargs)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    first = await busy_with(batcher, engine, "first")
    rest = await begin(batcher, "a", "b", "c")
    engine.gate.release(2)
    await asyncio.gather(first, *rest)

    assert len(calls) == 2


async def test_long_texts_wait_for_the_next_batch(batcher, engine, monkeypatch):
    monkeypatch.setattr(engine, "token_lengths", lambda texts: [MAX_TOKENS // 2] * len(texts))
    first = await busy_with(batcher, engine, "first")
    rest = await begin(batcher, "a", "b", "c")

    engine.gate.release(3)
    await asyncio.gather(first, *rest)

    assert engine.batches == [["first"], ["a", "b"], ["c"]]


def test_one_batcher_serves_several_event_loops(batcher, engine):
    engine.gate.release(2)

    first = asyncio.run(batcher.encode("from one loop"))
    second = asyncio.run(batcher.encode("from another"))

    assert np.array_equal(
        np.stack([first, second]), FakeEngine().encode(["from one loop", "from another"])
    )


def test_a_loop_that_closed_hurts_nobody(batcher, engine):
    async def leave():
        task = asyncio.create_task(batcher.encode("left behind"))
        await asyncio.to_thread(engine.until_entered)
        task.cancel()

    asyncio.run(leave())
    engine.gate.release(2)

    assert asyncio.run(batcher.encode("next")).any()


def test_many_texts_are_encoded_in_order_without_a_loop(thread):
    texts = [f"text {'long ' * (n % 7)}{n}" for n in range(100)]

    vectors = Batcher(FakeEngine(), thread).encode_all(texts)

    assert np.allclose(vectors, FakeEngine().encode(texts))


def test_no_texts_make_no_vectors(thread):
    assert Batcher(FakeEngine(), thread).encode_all([]).shape == (0, FakeEngine.dims)


def test_batches_count_the_padding_and_never_starve_a_long_text():
    lengths = [10, 10, 2000, 10, 5000, 10]

    assert list(batches(range(6), lengths)) == [[0, 1], [2, 3], [4], [5]]


def test_batches_hold_so_many_texts_at_most():
    sizes = [len(batch) for batch in batches(range(70), [1] * 70)]

    assert sizes == [MAX_TEXTS, MAX_TEXTS, 6]
