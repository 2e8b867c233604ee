"""Accuracy, F1 and coverage of a model, over all documents and label by label.

Single choice: the share that is right, and F1 averaged over labels (macro), since accuracy alone
flatters a model that knows only the largest label. Several labels, and spans: exact items, micro
and macro F1. A label counts in the average once people or the model have used it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.measuring.intervals import (
    Doubles,
    Estimate,
    bootstrapped,
    divided,
    ratio,
    resamples,
    share,
)
from inference.measuring.outcomes import Counts, Outcome, counted, label_of


def overall(outcomes: Sequence[Outcome], counts: Counts) -> dict[str, Estimate]:
    """The figures that stand for the whole."""
    spoken = [outcome for outcome in outcomes if outcome.is_shown]
    n, right = len(outcomes), sum(outcome.is_right for outcome in outcomes)
    return {
        "accuracy": share(right, n),
        "macro_f1": macro_f1(counts),
        "micro_f1": micro_f1(counts),
        "coverage": share(len(spoken), n),
        "where_it_speaks": share(sum(one.is_right for one in spoken), len(spoken)),
    }


def micro_f1(counts: Counts) -> Estimate:
    """Over all items, whatever their label."""
    hits, said, answered = (table.sum(axis=1) for table in counts)
    return ratio(2 * hits, said + answered)


def macro_f1(counts: Counts) -> Estimate:
    """The mean of the labels' F1; of each resample, of the labels that are in it."""
    n = len(counts.hits)
    if not n:
        return share(0, 0)
    resampled = divided(*_f1_parts(counts, resamples(n)))
    known = ~np.isnan(resampled)
    means = divided(np.nansum(resampled, axis=1), known.sum(axis=1))
    alone = divided(*_f1_parts(counts, np.ones((1, n))))
    value = float(np.nanmean(alone)) if (~np.isnan(alone)).any() else 0.0
    return bootstrapped(value, means, n)


def by_label(counts: Counts, labels: Sequence[int]) -> list[dict[str, Any]]:
    """Of each label that was used: how often answered and suggested, with precision, recall, F1.

    The n of precision are the items suggested, of recall those answered, of F1 the latter too.
    """
    used = (counts.said + counts.answered).sum(axis=0) > 0
    return [
        _of_label(label, *(table[:, column] for table in counts))
        for column, label in enumerate(labels)
        if used[column]
    ]


def largest_class(outcomes: Sequence[Outcome]) -> dict[str, Any] | None:
    """What would be right most often if one always said it; None: that none fits."""
    answers = Counter(
        next(iter(map(label_of, outcome.answered)), None)
        for outcome in outcomes
        if len(outcome.answered) <= 1
    )
    if not answers:
        return None
    label, number = answers.most_common(1)[0]
    return {"label": label, **share(number, len(outcomes))}


def measured(outcomes: Sequence[Outcome], labels: Sequence[int]) -> dict[str, Any]:
    """All of the above."""
    counts = counted(outcomes, labels)
    return {**overall(outcomes, counts), "labels": by_label(counts, labels)}


def _of_label(label: int, hits: Doubles, said: Doubles, answered: Doubles) -> dict[str, Any]:
    return {
        "label": label,
        "precision": _share_of_items(hits, said),
        "recall": _share_of_items(hits, answered),
        "f1": {**ratio(2 * hits, said + answered), "n": int(answered.sum())},
    }


def _share_of_items(hits: Doubles, items: Doubles) -> Estimate:
    """Of one item a document at most, Wilson's; spans of one document are no independent trials."""
    n = int(items.sum())
    if items.max(initial=0) <= 1:
        return share(int(hits.sum()), n)
    return {**ratio(hits, items), "n": n}


def _f1_parts(counts: Counts, weights: Doubles) -> tuple[Doubles, Doubles]:
    """(resamples, C) twice: numerator and denominator of every label's F1."""
    return 2 * weights @ counts.hits, weights @ (counts.said + counts.answered)
