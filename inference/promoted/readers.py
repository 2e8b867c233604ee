"""Promoted models as this process serves them: on the engine's own thread, the last used ones.

They are loaded on the thread that asks, which is the one that refits: the former suggester serves
meanwhile, and the swap falls between two batches.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from django.core.files.storage import default_storage

from inference import vectors
from inference.artifacts import ArtifactDamaged
from inference.batcher import Batcher, Busy
from inference.choices.regression import Floats
from inference.engine import EngineError, Serving
from inference.engine import serving as this_engine
from inference.models import ModelVersion
from inference.promoted import versions
from inference.promoted.engines import ChoiceEngine, SpanEngine
from inference.promoted.versions import Promoted
from inference.threads import in_thread
from projects.models import QuestionKind

logger = logging.getLogger(__name__)

KEPT = 4
"""Each takes as much memory as an encoder."""


class Reader(NamedTuple):
    engine: ChoiceEngine | SpanEngine
    batcher: Batcher


_readers: OrderedDict[int, Reader] = OrderedDict()
_lock = Lock()


def forget_all() -> None:
    """Let go of all of them, and of what is known of their files."""
    versions.forget_all()
    with _lock:
        _readers.clear()


def held(version: int) -> Reader | None:
    with _lock:
        reader = _readers.get(version)
        if reader is not None:
            _readers.move_to_end(version)
        return reader


def usable(promoted: Promoted) -> bool:
    """Whether it can be read with here; loads it, with the columns as they are now. Blocks."""
    reader = opened(promoted.version)
    if reader is None:
        return False
    reader.engine.columns = promoted.columns
    return True


def opened(version: int) -> Reader | None:
    """What reads for a version, loaded if it is not yet; blocking. None, said in the log, when its
    files are not the ones that were stored or cannot be loaded.
    """
    if (reader := held(version)) is not None:
        return reader
    row = ModelVersion.objects.filter(pk=version).select_related("question", "project").first()
    if row is None:
        return None
    try:
        engine = _engine(row)
        engine.warm_up()
    except (ArtifactDamaged, EngineError):
        logger.exception("promoted_version_unusable", extra={"version": version})
        return None
    return _kept(version, engine, this_engine())


def _kept(version: int, engine: ChoiceEngine | SpanEngine, serving: Serving) -> Reader:
    with _lock:
        reader = _readers.setdefault(version, Reader(engine, serving.beside(engine)))
        while len(_readers) > KEPT:
            _readers.popitem(last=False)
    return reader


def _engine(version: ModelVersion) -> ChoiceEngine | SpanEngine:
    """Raises ArtifactDamaged."""
    versions.checked(version)
    kind = SpanEngine if version.question.kind == QuestionKind.SPAN else ChoiceEngine
    return kind(
        Path(default_storage.path(version.folder)),
        versions.as_promoted(version),
        multiple=version.question.multiple,
        max_tokens=int(version.parameters.get("max_tokens") or 0),
    )


async def said(promoted: Promoted, text_hash: str, text: str) -> Floats | None:
    """Its log odds (columns,) for a text; None, said in the log, when it cannot. Raises Busy."""
    known = vectors.recent.get(promoted.encoder, text_hash)
    if known is not None:
        return known
    reader = held(promoted.version) or await in_thread(opened)(promoted.version)
    if reader is None:
        return None
    try:
        odds = await reader.batcher.encode(text)
    except Busy:
        raise
    except Exception:
        logger.exception("promoted_read_failed", extra={"version": promoted.version})
        return None
    vectors.recent.put(promoted.encoder, text_hash, odds)
    return odds


def said_of_all(promoted: Promoted, texts: Mapping[str, str]) -> dict[str, Floats]:
    """Text hash to its log odds, for {text hash: text}, kept; blocking. Those that were known
    before when it cannot read.
    """
    known = vectors.cached(promoted.encoder, texts.keys())
    missing = {key: text for key, text in texts.items() if key not in known}
    said = outputs_of(promoted, list(missing.values())) if missing else None
    if said is None:
        return known
    fresh = dict(zip(missing, said, strict=True))
    vectors.keep(promoted.encoder, fresh)
    return known | fresh


def outputs_of(promoted: Promoted, texts: Sequence[str]) -> Floats | None:
    """(n, columns) log odds of texts; blocking. None, said in the log, when it cannot read."""
    reader = opened(promoted.version)
    if reader is None:
        return None
    try:
        return reader.batcher.encode_all(texts)
    except Exception:
        logger.exception("promoted_read_failed", extra={"version": promoted.version})
        return None
