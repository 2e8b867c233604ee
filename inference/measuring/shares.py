"""What the corpus holds: how often each label was answered in the whole reserve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from inference.measuring.intervals import share
from inference.measuring.outcomes import label_of
from labeling.resolved import Picks

MOST_SHOWN = 12


def class_shares(answers: Sequence[Picks]) -> dict[str, Any]:
    """Share of documents in which each label was chosen or marked, the largest first.

    The last entry, without a label, are the documents in which none was. Each interval is
    Wilson's and stands by itself.
    """
    n = len(answers)
    held = Counter(label for picks in answers for label in {label_of(pick) for pick in picks})
    ranked = sorted(held, key=lambda label: (-held[label], label))
    empty = sum(not picks for picks in answers)
    shares = [{"label": label, **share(held[label], n)} for label in ranked[:MOST_SHOWN]]
    if empty:
        shares.append({"label": None, **share(empty, n)})
    return {"n": n, "labels": len(ranked), "shares": shares}
