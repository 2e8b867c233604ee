"""What an encoder makes of one text: its vector and its words; long texts window by window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.choices.heads import Floats

OVERLAP = 128
"""Tokens that two neighbouring windows share, so that every word has some context."""
MOST_WINDOWS = 40
"""Of one text; the words beyond are left unread."""

States = NDArray[np.float16]


class Reading(NamedTuple):
    """The vector (dims,) of a text, None if it was read in windows, and of each of its words
    (see `words.word_places`) a row of layers joined; zeros for a word that cannot be read.
    """

    vector: Floats | None
    states: States


class Window(NamedTuple):
    """`text[start:end]` is read; it begins with word `base`, and gives words `first` to `last`."""

    start: int
    end: int
    base: int
    first: int
    last: int


def windows(places: NDArray[np.int32], costs: Sequence[int], *, room: int) -> Iterator[Window]:
    """Windows of at most `room` tokens over words that cost so many; none is left out.

    Each word is given by the window in which it has the most context.
    """
    spent = np.concatenate([[0], np.cumsum(costs)])
    begin, first = 0, 0
    while begin < len(places):
        end = max(int(np.searchsorted(spent, spent[begin] + room, side="right")) - 1, begin + 1)
        following, last = end, end
        if end < len(places):
            shared = min(OVERLAP, room // 2)
            following = int(np.searchsorted(spent, spent[end] - shared, side="left"))
            following = min(max(following, begin + 1), end)
            middle = (spent[following] + spent[end]) / 2
            last = min(max(int(np.searchsorted(spent, middle)), following), end)
        yield Window(int(places[begin, 0]), int(places[end - 1, 1]), begin, first, last)
        if end == len(places):
            return
        begin, first = following, last


def merged(parts: Iterable[tuple[Window, Reading]], words: int, dims: int) -> States:
    """(w, dims): every word from its window; zeros for the words of no window."""
    states = np.zeros((words, dims), dtype=np.float16)
    for window, reading in parts:
        inside = reading.states[window.first - window.base : window.last - window.base]
        states[window.first : window.last] = inside
    return states
