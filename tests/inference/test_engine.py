from __future__ import annotations

import threading

import pytest

from inference import engine
from inference.encoders.fake_engine import FakeEngine
from inference.engine import EngineError, EngineState, Serving, Unavailable


class Missing(FakeEngine):
    def start(self) -> None:
        raise EngineError("No weights can be read in /models.")


class Crashing(FakeEngine):
    def warm_up(self) -> None:
        raise RuntimeError("illegal instruction")


class Slow(FakeEngine):
    def __init__(self) -> None:
        self.gate = threading.Event()

    def start(self) -> None:
        assert self.gate.wait(10)


@pytest.fixture
def serve():
    """Start an engine that is stopped when the test ends."""
    running: list[Serving] = []

    def start(build, **options) -> Serving:
        running.append(Serving(build, **options))
        return running[-1]

    yield start
    for serving in running:
        serving.stop()


def test_an_engine_warms_up_and_is_ready(serve):
    slow = Slow()
    serving = serve(lambda: slow)

    assert serving.state == EngineState("warming")
    with pytest.raises(Unavailable, match="still warming up"):
        _ = serving.batcher

    slow.gate.set()
    serving.started.result(timeout=10)
    assert serving.state == EngineState("ready")
    assert serving.batcher.encode_all(["a text"]).shape == (1, FakeEngine.dims)


def test_missing_weights_say_why_there_are_no_suggestions(serve):
    serving = serve(Missing)
    serving.started.result(timeout=10)

    assert serving.state == EngineState("unavailable", "No weights can be read in /models.")
    with pytest.raises(Unavailable, match="No weights"):
        _ = serving.engine


def test_a_crash_while_warming_up_keeps_its_details_to_the_log(serve, caplog):
    serving = serve(Crashing)
    serving.started.result(timeout=10)

    assert serving.state == EngineState("unavailable", "The model failed to load.")
    assert "illegal instruction" in caplog.text


def test_a_failed_start_is_tried_again(serve):
    builds = iter([Missing, FakeEngine])
    states: list[EngineState] = []
    ready = threading.Event()

    def listen(state: EngineState) -> None:
        states.append(state)
        if state.name == "ready":
            ready.set()

    gate = threading.Event()

    def build():
        assert gate.wait(10)
        return next(builds)()

    serving = serve(build, retry_seconds=[0])
    serving.listen(listen)
    gate.set()

    assert ready.wait(10)
    assert [state.name for state in states] == ["unavailable", "ready"]


def test_the_process_has_one_engine(serving):
    assert engine.serving() is serving
    assert engine.state() == EngineState("ready")


def test_an_engine_nobody_asked_for_has_not_started():
    assert engine.state() == EngineState("warming")


def test_an_engine_switched_off_says_so(settings):
    settings.ENGINE = "off"

    assert engine.state().name == "unavailable"
    with pytest.raises(Unavailable, match="switched off"):
        engine.serving()


def test_the_fake_engine_puts_like_texts_together():
    refund, again, other = FakeEngine().encode(["a refund", "the refund", "lovely weather"])

    assert refund @ again > refund @ other
    assert (FakeEngine().encode(["a refund"])[0] == refund).all()
