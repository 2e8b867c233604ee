"""What was marked before, found again: it works from the very first answer, without a model.

A phrase is a run of words, whatever stands between them. Its score is the share of its occurrences
in the answered texts that were marked so, drawn towards one half while there are few.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from inference.packing import Tensors, packed, unpacked
from inference.spans.bio import Run

Phrase = tuple[str, ...]
LONGEST = 12
"""Words of a phrase; longer ones hardly ever come back."""


@dataclass(slots=True)
class Sightings:
    """How often a phrase was seen in answered texts, and how often it was marked as what."""

    seen: int = 0
    marked: Counter[int] = field(default_factory=Counter)

    def best(self, *, doubt: float) -> tuple[int, float]:
        """The likeliest column and its score; `doubt` is added to the times it was seen."""
        column, times = max(self.marked.items(), key=lambda pair: (pair[1], -pair[0]))
        return column, (times + 1) / (self.seen + doubt)


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Phrases as they were written, and the same in folded case for what was never seen so."""

    written: Mapping[Phrase, Sightings]
    folded: Mapping[Phrase, Sightings]
    lengths: Mapping[str, Sequence[int]]

    def tensors(self) -> Tensors:
        """The p phrases as written: their m words, how often each was `seen` (p,), and (k, 3)
        rows of phrase, column and times `marked`. The rest follows from these.
        """
        marked = [
            (row, column, times)
            for row, sightings in enumerate(self.written.values())
            for column, times in sorted(sightings.marked.items())
        ]
        return {
            **packed([word for phrase in self.written for word in phrase]),
            "lengths": np.array([len(phrase) for phrase in self.written], dtype=np.int64),
            "seen": np.array([of.seen for of in self.written.values()], dtype=np.int64),
            "marked": np.array(marked, dtype=np.int64).reshape(-1, 3),
        }

    @classmethod
    def from_tensors(cls, tensors: Tensors) -> Gazetteer:
        """What `tensors` was made of. Raises KeyError and ValueError for anything else."""
        words = iter(unpacked(tensors))
        phrases = [tuple(islice(words, length)) for length in tensors["lengths"].tolist()]
        written = {
            phrase: Sightings(seen)
            for phrase, seen in zip(phrases, tensors["seen"].tolist(), strict=True)
        }
        for row, column, times in tensors["marked"].tolist():
            written[phrases[row]].marked[column] = times
        return _of(written)

    def find(self, words: Sequence[str], *, least: float) -> list[Run]:
        """The longest phrases that score at least so much, from left to right."""
        folded = [word.casefold() for word in words]
        runs: list[Run] = []
        place = 0
        while place < len(words):
            run = self._longest(words, folded, place, least=least)
            place = run.last if run else place + 1
            if run:
                runs.append(run)
        return runs

    def _longest(
        self, words: Sequence[str], folded: Sequence[str], place: int, *, least: float
    ) -> Run | None:
        for length in self.lengths.get(folded[place], ()):
            last = place + length
            if last > len(words):
                continue
            known = self._known(tuple(words[place:last]), tuple(folded[place:last]))
            if known and known[1] >= least:
                return Run(place, last, *known)
        return None

    def _known(self, phrase: Phrase, folded: Phrase) -> tuple[int, float] | None:
        """Another case than any seen so far is trusted less: "us" is hardly ever "US"."""
        if sightings := self.written.get(phrase):
            return sightings.best(doubt=2) if sightings.marked else None
        if sightings := self.folded.get(folded):
            return sightings.best(doubt=3)
        return None


def fit(
    texts: Iterable[tuple[Sequence[str], Sequence[tuple[int, int, int]]]],
) -> Gazetteer:
    """From answered texts: their words, and the (first, last, column) that were marked."""
    answered = [(words, [word.casefold() for word in words], runs) for words, runs in texts]
    wanted = {
        tuple(in_fold[first:last])
        for _, in_fold, runs in answered
        for first, last, _ in runs
        if last - first <= LONGEST
    }
    lengths = _lengths(wanted)
    written: dict[Phrase, Sightings] = defaultdict(Sightings)
    for words, in_fold, runs in answered:
        for first, last in _occurrences(in_fold, lengths):
            if tuple(in_fold[first:last]) in wanted:
                written[tuple(words[first:last])].seen += 1
        for first, last, column in runs:
            if last - first <= LONGEST:
                written[tuple(words[first:last])].marked[column] += 1
    return _of(dict(written))


def _of(written: Mapping[Phrase, Sightings]) -> Gazetteer:
    folded: dict[Phrase, Sightings] = defaultdict(Sightings)
    for phrase, sightings in written.items():
        in_fold = folded[tuple(word.casefold() for word in phrase)]
        in_fold.seen += sightings.seen
        in_fold.marked.update(sightings.marked)
    return Gazetteer(written, dict(folded), _lengths(folded))


def _lengths(folded: Iterable[Phrase]) -> dict[str, list[int]]:
    """First word, folded, to how long the phrases are that begin with it, longest first."""
    lengths: dict[str, set[int]] = defaultdict(set)
    for phrase in folded:
        lengths[phrase[0]].add(len(phrase))
    return {word: sorted(of, reverse=True) for word, of in lengths.items()}


def _occurrences(
    in_fold: Sequence[str], lengths: Mapping[str, Sequence[int]]
) -> Iterator[tuple[int, int]]:
    for place, word in enumerate(in_fold):
        for length in lengths.get(word, ()):
            if place + length <= len(in_fold):
                yield place, place + length
