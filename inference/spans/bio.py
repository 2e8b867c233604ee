"""Spans as tags of words, and back: 0 is outside, 1 + 2c begins a span of column c, 2 + 2c goes on.

Only sequences in which "goes on" follows a span of the same column mean anything; decoding knows
no others, so the score of a span is its share among the sequences that mean something.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.choices.heads import Floats
from inference.spans.words import Places

Tags = NDArray[np.intp]
Doubles = NDArray[np.float64]
OUTSIDE = 0
LEAST = 1e-12


class Mark(NamedTuple):
    """A part of one text under a label's column."""

    start: int
    end: int
    column: int


class Run(NamedTuple):
    """Words `first` up to, not with, `last` under a column, and how likely exactly that is."""

    first: int
    last: int
    column: int
    score: float


def tag_count(columns: int) -> int:
    return 1 + 2 * columns


def column_count(tags: int) -> int:
    return (tags - 1) // 2


def goes_on(tag: int) -> bool:
    return tag > 0 and tag % 2 == 0


def runs_of(marks: Iterable[Mark], places: Places) -> list[tuple[int, int, int]]:
    """(first, last, column) of the words that each mark touches, in order; never two on one word.

    Of marks that share a word the longest is taken, of equally long ones the first.
    """
    taken = np.zeros(len(places), dtype=bool)
    runs = []
    for mark in sorted(marks, key=lambda mark: (mark.start - mark.end, mark)):
        touched = np.flatnonzero((places[:, 0] < mark.end) & (places[:, 1] > mark.start))
        if len(touched) and not taken[touched].any():
            taken[touched] = True
            runs.append((int(touched[0]), int(touched[-1]) + 1, mark.column))
    return sorted(runs)


def tags_of(runs: Iterable[tuple[int, int, int]], words: int) -> Tags:
    tags = np.full(words, OUTSIDE, dtype=np.intp)
    for first, last, column in runs:
        tags[first:last] = 2 + 2 * column
        tags[first] = 1 + 2 * column
    return tags


def decode(probabilities: Floats) -> list[Run]:
    """The likeliest runs of (w, tags) probabilities, in order, none sharing a word."""
    if not len(probabilities):
        return []
    shares = np.maximum(probabilities.astype(np.float64), LEAST)
    shares[0, 2::2] = 0  # nothing goes on at the beginning
    tags = _likeliest(shares)
    before, after, scale = _passes(shares)
    return [Run(*run, _score(run, (shares, before, after, scale))) for run in _runs(tags.tolist())]


def may_follow(tags: int) -> Doubles:
    """(tags, tags): one where the second may follow the first."""
    follows = np.ones((tags, tags))
    follows[:, 2::2] = 0
    for column in range(column_count(tags)):
        follows[1 + 2 * column, 2 + 2 * column] = follows[2 + 2 * column, 2 + 2 * column] = 1
    return follows


def _likeliest(shares: Doubles) -> Tags:
    """Viterbi, in time that grows with the tags: what goes on has two tags before it, the others
    all of them, and so the likeliest.
    """
    with np.errstate(divide="ignore"):
        logs = np.log(shares)
    begun = np.arange(1, shares.shape[1], 2)
    best, came_from = logs[0], np.zeros(shares.shape, dtype=np.intp)
    for row in range(1, len(shares)):
        came_from[row] = best.argmax()
        came_from[row, 2::2] = begun + (best[2::2] > best[1::2])
        best = best[came_from[row]] + logs[row]
    tags = np.zeros(len(shares), dtype=np.intp)
    tags[-1] = best.argmax()
    for row in range(len(shares) - 1, 0, -1):
        tags[row - 1] = came_from[row, tags[row]]
    return tags


def _passes(shares: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """What leads to each tag, what follows from it, and the scale that keeps both near one."""
    before, after = np.zeros_like(shares), np.ones_like(shares)
    scale = np.ones(len(shares))
    for row in range(len(shares)):
        reached = shares[row].copy()
        if row:
            last = before[row - 1]
            reached[2::2] *= last[1::2] + last[2::2]
            reached[0] *= last.sum()
            reached[1::2] *= last.sum()
        scale[row] = reached.sum()
        before[row] = reached / scale[row]
    for row in range(len(shares) - 2, -1, -1):
        coming = shares[row + 1] * after[row + 1] / scale[row + 1]
        after[row] = coming[0] + coming[1::2].sum()
        after[row, 1::2] += coming[2::2]
        after[row, 2::2] += coming[2::2]
    return before, after, scale


def _score(run: tuple[int, int, int], passes: tuple[Doubles, Doubles, Doubles, Doubles]) -> float:
    """The share of all meaningful sequences in which exactly this run is one."""
    first, last, column = run
    shares, before, after, scale = passes
    goes_on = 2 + 2 * column
    inner = shares[first + 1 : last, goes_on] / scale[first + 1 : last]
    leads = before[first, 1 + 2 * column] * inner.prod()
    if last == len(shares):
        return float(min(leads, 1.0))
    ends = shares[last] * after[last] / scale[last]
    ends[2::2] = 0  # neither this run nor another one goes on
    return float(min(leads * ends.sum(), 1.0))


def _runs(tags: list[int]) -> list[tuple[int, int, int]]:
    runs: list[tuple[int, int, int]] = []
    for row, tag in enumerate(tags):
        if tag == OUTSIDE:
            continue
        if tag % 2:
            runs.append((row, row + 1, (tag - 1) // 2))
        else:
            first, _, column = runs.pop()
            runs.append((first, row + 1, column))
    return runs
