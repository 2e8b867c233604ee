"""Whose turn it is to refit: one process at a time for each question, by its row of weights.

A row is stale while `wanted` is ahead of `fitted`. Whoever finds it stale and free takes it with a
conditional UPDATE, which also raises its fence. A holder that dies is silent, and its lease runs
out; one that only slept finds the fence raised, and what it then stores goes nowhere.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import connections
from django.db.models import F, Q
from django.utils import timezone

from inference.models import LiveWeights

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
BEAT_SECONDS = 10.0


class Turn(NamedTuple):
    """A question that is ours to refit: its fence, and what was wanted when we took it."""

    question: int
    fence: int
    wanted: int


def want(questions: Collection[int]) -> None:
    """Have these questions refitted, by whoever comes first; makes rows for those that have none.

    One that is wanted already stays as it is.
    """
    have = LiveWeights.objects.filter(question__in=questions)
    known = set(have.values_list("question", flat=True))
    LiveWeights.objects.bulk_create(
        [LiveWeights(question_id=pk) for pk in sorted(set(questions) - known)],
        ignore_conflicts=True,
    )
    have.filter(wanted=F("fitted")).update(wanted=F("wanted") + 1)


def want_all(project_id: int) -> None:
    """What the project's questions learn from has changed."""
    rows = LiveWeights.objects.filter(question__project=project_id)
    rows.update(wanted=F("wanted") + 1)


def take(questions: Collection[int]) -> list[Turn]:
    """Those of the questions that are stale and that nobody else is at."""
    owner, now = uuid.uuid4().hex, timezone.now()
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    stale = LiveWeights.objects.filter(question__in=questions, wanted__gt=F("fitted"))
    taken = stale.filter(free).update(owner=owner, leased_until=now + LEASE, fence=F("fence") + 1)
    if not taken:
        return []
    mine = LiveWeights.objects.filter(owner=owner).order_by("question")
    return [Turn(*row) for row in mine.values_list("question", "fence", "wanted")]


@contextmanager
def kept(turns: Sequence[Turn]) -> Iterator[None]:
    """The turns stay ours inside, however long a fit takes, and are given back at the end.

    What was wanted when they were taken counts as tried, whatever came of it: a fit that fails is
    tried again when something changes, not all the time.
    """
    over = threading.Event()
    heart = threading.Thread(target=_beat, args=[turns, over], name="lease", daemon=True)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()  # A last beat must not take again what is given back.
        for turn in turns:
            _mine(turn).update(owner="", leased_until=None, fitted=turn.wanted)


def store(turn: Turn, **weights: Any) -> bool:
    """Keep what was fitted; False when somebody else has taken the question over meanwhile."""
    stored = _mine(turn).update(fitted=turn.wanted, fitted_at=timezone.now(), **weights)
    return bool(stored)


def _beat(turns: Sequence[Turn], over: threading.Event) -> None:
    while not over.wait(BEAT_SECONDS):
        try:
            for turn in turns:
                _mine(turn).update(leased_until=timezone.now() + LEASE)
        except Exception:
            logger.exception("lease_not_extended")
        finally:
            connections.close_all()


def _mine(turn: Turn) -> Any:
    return LiveWeights.objects.filter(question=turn.question, fence=turn.fence)
