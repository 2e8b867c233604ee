"""What a comparison holds, as numbers, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from inference.comparing.difference import difference
from inference.measuring.intervals import ENOUGH, Doubles, ratio, share
from inference.measuring.outcomes import Counts, Outcome, counted
from labeling.resolved import Picks
from labeling.spans import Span
from projects.models import Question


class Pair(NamedTuple):
    """What two versions said of one document, beside the answer."""

    document: int
    first: Outcome
    second: Outcome


def figures_of(question: Question, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Both scores, the difference (second less first), wins and losses, and where they differ."""
    labels = [label.pk for label in question.labels.all()]
    first, second = (
        counted([pair[side] for pair in pairs], labels)  # type: ignore[misc]
        for side in (1, 2)
    )
    if question.takes_several:
        main, rows = "micro_f1", beside(_f1(first), _f1(second))
    else:
        right = [[float(pair.first.is_right), 1, float(pair.second.is_right), 1] for pair in pairs]
        main, rows = "accuracy", np.array(right, dtype=np.float64).reshape(-1, 4)
    return {
        "main": main,
        "n": len(pairs),
        "scores": [_score(main, rows[:, :2]), _score(main, rows[:, 2:])],
        "difference": difference(rows),
        **wins_and_losses(pairs),
        "labels": by_label(labels, first, second),
        "documents": [
            _differing(pair) for pair in pairs if pair.first.offered != pair.second.offered
        ],
    }


def wins_and_losses(pairs: Sequence[Pair]) -> dict[str, int]:
    """Documents that only the second got wholly right, only the first, both, and neither."""
    right = [(pair.first.is_right, pair.second.is_right) for pair in pairs]
    return {
        "wins": right.count((False, True)),
        "losses": right.count((True, False)),
        "both": right.count((True, True)),
        "neither": right.count((False, False)),
    }


def by_label(labels: Sequence[int], first: Counts, second: Counts) -> list[dict[str, Any]]:
    """Of each label that was used: answered items found by one of the two alone, what was said
    of it, and the differences of recall and precision where there is enough to tell.
    """
    tables = [*first, *second]
    used = sum(table.sum(axis=0) for table in tables) > 0 if len(first.hits) else np.zeros(0)
    return [
        _of_label(label, *(table[:, column] for table in tables))
        for column, label in enumerate(labels)
        if len(first.hits) and used[column]
    ]


def _of_label(label: int, *columns: Doubles) -> dict[str, Any]:
    hits, said, answered, other_hits, other_said, _ = columns
    recall = beside((hits, answered), (other_hits, answered))[answered > 0]
    spoken = (said + other_said) > 0
    precision = beside((hits, said), (other_hits, other_said))[spoken]
    return {
        "label": label,
        "answered": int(answered.sum()),
        "said": [int(said.sum()), int(other_said.sum())],
        "hits": [int(hits.sum()), int(other_hits.sum())],
        "wins": int(np.clip(other_hits - hits, 0, None).sum()),
        "losses": int(np.clip(hits - other_hits, 0, None).sum()),
        "recall": difference(recall) if answered.sum() >= ENOUGH else None,
        "precision": difference(precision) if min(said.sum(), other_said.sum()) >= ENOUGH else None,
    }


def beside(first: tuple[Doubles, Doubles], second: tuple[Doubles, Doubles]) -> Doubles:
    """(n, 4): parts and wholes of the first, then of the second."""
    return np.column_stack([*first, *second])


def _f1(counts: Counts) -> tuple[Doubles, Doubles]:
    """(n,) twice, F1's numerator and denominator, so that one item found is one over one."""
    hits, said, answered = (table.sum(axis=1) for table in counts)
    return hits, (said + answered) / 2


def _score(main: str, halves: Doubles) -> dict[str, Any]:
    parts, wholes = halves[:, 0], halves[:, 1]
    if main == "accuracy":
        return {**share(int(parts.sum()), len(parts))}
    return {**ratio(parts, wholes)}


def _differ(pair: Pair) -> bool:
    return pair.first.offered != pair.second.offered


def _differing(pair: Pair) -> dict[str, Any]:
    return {
        "document": pair.document,
        "first": _listed(pair.first.offered),
        "second": _listed(pair.second.offered),
        "answer": _listed(pair.first.answered),
        "right": [pair.first.is_right, pair.second.is_right],
    }


def _listed(picks: Picks) -> list[Any]:
    """Label ids, or spans as lists, as `stored_pick` reads them."""
    return [list(pick) if isinstance(pick, Span) else pick for pick in sorted(picks)]
