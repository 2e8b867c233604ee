"""Tuned encoders as this process serves them: on the engine's own thread, the last used ones."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import NamedTuple

from inference.batcher import Batcher, Busy
from inference.choices.regression import Floats
from inference.engine import EngineError
from inference.engine import serving as this_engine
from inference.models import PROMOTABLE, ModelVersion
from inference.promoted import readers as promoted_readers
from inference.promoted.engines import SpanEngine
from inference.spans import word_memory
from inference.spans.words import Words
from inference.threads import in_thread
from inference.tuning.tuned_engine import TunedEngine, aligned
from inference.tuning.versions import artifact_of
from inference.tuning.work import folder_of
from inference.vectors import text_hash

logger = logging.getLogger(__name__)

KEPT = 3
"""Each takes as much memory as the encoder itself."""


class Reader(NamedTuple):
    engine: TunedEngine | SpanEngine
    batcher: Batcher


_readers: OrderedDict[int, Reader] = OrderedDict()
_lock = Lock()


class Tuned(NamedTuple):
    """A tuned or promoted version, and the labels, by id, whose tags are wanted of it."""

    version: int
    labels: tuple[int, ...]


async def read(tuned: Tuned, text: str) -> Floats | None:
    """(w, tags) that it gives the words of a text; None, said in the log, when it cannot.

    Raises Busy.
    """
    reader = _held(tuned.version) or await in_thread(_opened)(tuned.version)
    if reader is None:
        return None
    engine = reader.engine
    known = word_memory.recent.get(engine.name, text_hash(text))
    if known is None:
        try:
            reading = await reader.batcher.read(text)
        except Busy:
            raise
        except Exception:
            logger.exception("tuned_read_failed", extra={"version": tuned.version})
            return None
        known = await asyncio.to_thread(word_memory.remember, engine.name, text, reading.states)
    return aligned(known.states, engine.columns, tuned.labels)


def read_all(tuned: Tuned | None, words: Mapping[str, Words]) -> Mapping[str, Words]:
    """The words of these texts with what the tuned encoder says of them, if it can; blocking."""
    reader = (_held(tuned.version) or _opened(tuned.version)) if tuned else None
    if tuned is None or reader is None:
        return words
    try:
        readings = reader.batcher.read_all(list(words))
    except EngineError:
        logger.exception("tuned_read_failed", extra={"version": tuned.version})
        return words
    columns = reader.engine.columns
    return {
        text: of._replace(tuned=aligned(reading.states, columns, tuned.labels))
        for (text, of), reading in zip(words.items(), readings, strict=True)
    }


def forget_all() -> None:
    """Let go of all of them, as a test or the end of a project asks."""
    promoted_readers.forget_all()
    with _lock:
        _readers.clear()


def _held(version: int) -> Reader | None:
    if promoted := _of_spans(promoted_readers.held(version)):
        return promoted
    with _lock:
        reader = _readers.get(version)
        if reader is not None:
            _readers.move_to_end(version)
        return reader


def _of_spans(promoted: promoted_readers.Reader | None) -> Reader | None:
    if promoted is None or not isinstance(promoted.engine, SpanEngine):
        return None
    return Reader(promoted.engine, promoted.batcher)


def _opened(version: int) -> Reader | None:
    """Looks the version up; a tuned one's weights are loaded when something is read."""
    if ModelVersion.objects.filter(pk=version, kind__in=PROMOTABLE).exists():
        return _of_spans(promoted_readers.opened(version))
    serving = this_engine()
    folder = folder_of(serving.engine)
    artifact = artifact_of(version, folder) if folder else None
    if artifact is None:
        logger.warning("tuned_version_gone", extra={"version": version})
        return None
    engine = TunedEngine(artifact)
    with _lock:
        reader = _readers.setdefault(version, Reader(engine, serving.beside(engine)))
        while len(_readers) > KEPT:
            _readers.popitem(last=False)
    return reader
