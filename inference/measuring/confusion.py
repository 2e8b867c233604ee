"""What the model says where people say something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from inference.measuring.outcomes import Outcome, label_of
from labeling.resolved import Picks
from labeling.spans import Span

MOST_LABELS = 10
"""In the table; beyond, the others are taken together."""
MOST_PAIRS = 5
NOTHING, OTHERS = "nothing", "others"
Class = int | str
"""A label's id, NOTHING (no label fits, or no suggestion), or OTHERS."""

RIGHT, OTHER_LABEL, OTHER_BORDERS, BOTH_OTHER = "right", "label", "borders", "both"
MISSED, EXTRA = "missed", "extra"


def confusion(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Rows are people, columns the model; the commonest labels, the others as one.

    Also the mistakes made most often, which a large table would hide.
    """
    cells = Counter((_class(one.answered), _class(one.offered)) for one in outcomes)
    shown = _commonest(cells)
    folded: Counter[tuple[Class, Class]] = Counter()
    for (answered, said), number in cells.items():
        folded[_shown(answered, shown), _shown(said, shown)] += number
    used = {each for cell in folded for each in cell}
    classes: list[Class] = [*shown, *(each for each in (OTHERS, NOTHING) if each in used)]
    return {
        "classes": classes,
        "rows": [[folded[row, column] for column in classes] for row in classes],
        "wrong_among_others": folded[OTHERS, OTHERS] - _right_among_others(cells, shown),
        "pairs": [
            {"answered": answered, "said": said, "times": number}
            for (answered, said), number in cells.most_common()
            if answered != said and number > 1
        ][:MOST_PAIRS],
    }


def span_errors(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """How suggested spans differ from what people marked. Every span is counted once.

    A suggestion that is not right belongs to the marked span it shares most characters with.
    """
    kinds: Counter[str] = Counter()
    for outcome in outcomes:
        said = {pick for pick in outcome.offered if isinstance(pick, Span)}
        marked = {pick for pick in outcome.answered if isinstance(pick, Span)}
        kinds[RIGHT] += len(said & marked)
        left = marked - said
        for span in sorted(said - marked):
            kind, met = _nearest(span, left)
            kinds[kind] += 1
            left.discard(met)
        kinds[MISSED] += len(left)
    return {
        "said": sum(len(one.offered) for one in outcomes),
        "marked": sum(len(one.answered) for one in outcomes),
        "kinds": dict(kinds),
    }


def _nearest(span: Span, marked: set[Span]) -> tuple[str, Span]:
    """What is wrong with a suggested span, and the marked one that it was meant to be."""
    near = [other for other in sorted(marked) if _shared(span, other) > 0]
    if not near:
        return EXTRA, span
    best = max(near, key=lambda other: (other[:3] == span[:3], _shared(span, other)))
    if best[:3] == span[:3]:
        return OTHER_LABEL, best
    return (OTHER_BORDERS if span.label == best.label else BOTH_OTHER), best


def _shared(one: Span, other: Span) -> int:
    """Characters in both; none, or less, where they do not overlap."""
    if one.field != other.field:
        return 0
    return min(one.end, other.end) - max(one.start, other.start)


def _class(picks: Picks) -> Class:
    return next(iter(map(label_of, picks)), NOTHING)


def _commonest(cells: Counter[tuple[Class, Class]]) -> list[int]:
    """The labels to be shown, the most answered first."""
    answered: Counter[int] = Counter()
    for (row, column), number in cells.items():
        for each, weight in ((row, number), (column, 0)):
            if isinstance(each, int):
                answered[each] += weight
    ranked = sorted(answered, key=lambda label: (-answered[label], label))
    return ranked if len(ranked) <= MOST_LABELS + 1 else ranked[:MOST_LABELS]


def _right_among_others(cells: Counter[tuple[Class, Class]], shown: Sequence[int]) -> int:
    return sum(
        n for (row, said), n in cells.items() if row == said and _shown(row, shown) == OTHERS
    )


def _shown(each: Class, shown: Sequence[int]) -> Class:
    return each if each in shown or each == NOTHING else OTHERS
