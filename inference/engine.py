"""What an encoder must do, and the one that runs in this process.

The engine is built and used on a single thread of its own, never on the event loop. A load that
fails leaves the application working without suggestions and is tried again later.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NamedTuple, Protocol

from django.conf import settings

from inference.batcher import Batcher
from inference.choices.heads import Floats
from inference.encoders.reading import Reading, Window

logger = logging.getLogger(__name__)

StateName = Literal["warming", "ready", "unavailable"]
RETRY_SECONDS = (5, 15, 60, 300)


class Engine(Protocol):
    """Turns texts into vectors. Its methods block and are called from one thread at a time."""

    name: str
    """Names the weights; vectors of engines of the same name are interchangeable."""
    title: str
    """What people read."""
    dims: int
    word_dims: int
    """Numbers for each word: several layers joined."""

    def start(self) -> None:
        """Load the weights. Raises EngineError when they are missing or not the ones pinned."""

    def stop(self) -> None:
        """Free what `start` took."""

    def warm_up(self) -> None:
        """Run once, so that the first person does not wait."""

    def token_lengths(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text costs, cut to what the encoder reads."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """(n, dims) float32 rows of length one; a zero row for a text it cannot read."""

    def windows(self, text: str) -> list[Window]:
        """The parts of a text that are short enough to be read at once; no word is left out."""

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """The vector that `encode` gives, and the words, of texts short enough for one window."""


class EngineError(Exception):
    """The engine cannot be used, for a reason a person can read."""


class Unavailable(Exception):
    """No suggestion can be computed now, for a reason a person can read."""


class EngineState(NamedTuple):
    name: StateName
    reason: str = ""


Listener = Callable[[EngineState], object]


class Serving:
    """An engine on its own thread, with its batcher, from warming to ready or unavailable."""

    def __init__(
        self, build: Callable[[], Engine], *, retry_seconds: Sequence[float] = RETRY_SECONDS
    ) -> None:
        self.state = EngineState("warming")
        self._build = build
        self._retry_seconds = retry_seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._retry: threading.Timer | None = None
        self._listeners: frozenset[Listener] = frozenset()
        self._engine: Engine | None = None
        self._batcher: Batcher | None = None
        self.started = self._thread.submit(self._start, 0)

    @property
    def engine(self) -> Engine:
        """The running engine. Raises Unavailable with the reason when there is none."""
        if self._engine is None:
            raise Unavailable(self.state.reason or "The model is still warming up.")
        return self._engine

    @property
    def batcher(self) -> Batcher:
        """What encodes. Raises Unavailable with the reason when no engine runs."""
        if self._batcher is None:
            raise Unavailable(self.state.reason or "The model is still warming up.")
        return self._batcher

    def beside(self, engine: Engine) -> Batcher:
        """What feeds another engine on this one's thread, so that the two take turns."""
        return Batcher(engine, self._thread)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call back, on the engine's thread, at each change of state; the result ends that."""
        self._listeners |= {listener}
        return lambda: self._forget(listener)

    def stop(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        self._thread.shutdown(cancel_futures=True)
        if self._engine is not None:
            self._engine.stop()

    def _start(self, attempt: int) -> None:
        try:
            engine = self._build()
            engine.start()
            engine.warm_up()
        except Exception as error:
            logger.exception("engine_start_failed", extra={"attempt": attempt})
            self._try_again(attempt)
            reason = str(error) if isinstance(error, EngineError) else "The model failed to load."
            self._change(EngineState("unavailable", reason))
        else:
            self._engine = engine
            self._batcher = Batcher(engine, self._thread)
            logger.info("engine_ready", extra={"engine": engine.name})
            self._change(EngineState("ready"))

    def _try_again(self, attempt: int) -> None:
        wait = self._retry_seconds[min(attempt, len(self._retry_seconds) - 1)]
        self._retry = threading.Timer(wait, self._thread.submit, [self._start, attempt + 1])
        self._retry.daemon = True
        self._retry.start()

    def _forget(self, listener: Listener) -> None:
        self._listeners -= {listener}

    def _change(self, state: EngineState) -> None:
        self.state = state
        for listener in self._listeners:
            listener(state)


_serving: Serving | None = None
_lock = threading.Lock()


def start_in_background() -> Serving:
    """The engine of this process, started without waiting for it."""
    global _serving  # noqa: PLW0603 - one engine a process
    with _lock:
        if _serving is None:
            _serving = Serving(build_engine)
        return _serving


def stop() -> None:
    """Stop this process's engine; the next use starts a fresh one."""
    global _serving  # noqa: PLW0603
    with _lock:
        if _serving is not None:
            _serving.stop()
        _serving = None


def serving() -> Serving:
    """The engine of this process, started on first use. Raises Unavailable when it is off."""
    if settings.ENGINE == "off":
        raise Unavailable("Suggestions are switched off on this server.")
    return start_in_background()


def state() -> EngineState:
    """Where this process's engine stands, without starting it."""
    if settings.ENGINE == "off":
        return EngineState("unavailable", "Suggestions are switched off on this server.")
    return _serving.state if _serving else EngineState("warming")


def build_engine() -> Engine:
    """The engine that the settings name."""
    match settings.ENGINE:
        case "minilm":
            from inference.encoders.bert_engine import BertEngine

            return BertEngine(
                settings.ENCODER,
                pooling=settings.ENCODER_POOLING,
                prefix=settings.ENCODER_PREFIX,
                threads=settings.TORCH_THREADS,
            )
        case "fake":
            from inference.encoders.fake_engine import FakeEngine

            return FakeEngine()
        case other:
            raise EngineError(f"ENGINE={other} names no engine.")
