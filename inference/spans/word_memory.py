"""The words of texts as an encoder reads them: the recent ones in memory, and in the database
those of the answered texts that live heads learn from.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from threading import Lock

import numpy as np
from django.db import transaction

from inference.encoders.reading import States
from inference.models import WordStates
from inference.spans.words import Words, shapes, word_places
from inference.vectors import text_hash
from projects.models import Project

MOST_WORDS = 40_000
"""In memory; with the default encoder a word takes 3 KB."""
ROWS_PER_QUERY = 100


class RecentWords:
    """The texts last read, by (encoder, text hash), up to so many words. Safe between threads."""

    def __init__(self, capacity: int = MOST_WORDS) -> None:
        self._capacity = capacity
        self._lock = Lock()
        self._texts: OrderedDict[tuple[str, str], Words] = OrderedDict()
        self._count = 0

    def get(self, encoder: str, key: str) -> Words | None:
        with self._lock:
            words = self._texts.get((encoder, key))
            if words is not None:
                self._texts.move_to_end((encoder, key))
            return words

    def put(self, encoder: str, key: str, words: Words) -> None:
        with self._lock:
            if (encoder, key) not in self._texts:
                self._texts[encoder, key] = words
                self._count += len(words.places)
            while self._count > self._capacity and len(self._texts) > 1:
                _, longest_unused = self._texts.popitem(last=False)
                self._count -= len(longest_unused.places)

    def forget(self, keys: Collection[str]) -> None:
        """Of these texts, by every encoder."""
        with self._lock:
            for place in [place for place in self._texts if place[1] in keys]:
                self._count -= len(self._texts.pop(place).places)

    def clear(self) -> None:
        with self._lock:
            self._texts.clear()
            self._count = 0


recent = RecentWords()


def remember(encoder: str, text: str, states: States) -> Words:
    """The words of a text just read, from now on in memory."""
    words = words_of(text, states)
    recent.put(encoder, text_hash(text), words)
    return words


def unread(text: str) -> Words:
    """The words of a text without what an encoder makes of them: enough to find known ones."""
    places = word_places(text)
    return words_of(text, np.zeros((len(places), 0), dtype=np.float16))


def known(project: Project, encoder: str, texts: Collection[str]) -> dict[str, Words]:
    """Text to its words, for those that are known. One query per 100 texts not in memory."""
    by_hash = {text_hash(text): text for text in texts}
    found = {key: words for key in by_hash if (words := recent.get(encoder, key)) is not None}
    missing = sorted(by_hash.keys() - found.keys())
    for start in range(0, len(missing), ROWS_PER_QUERY):
        rows = WordStates.objects.filter(
            project=project, encoder=encoder, text_hash__in=missing[start : start + ROWS_PER_QUERY]
        )
        for key, values in rows.values_list("text_hash", "values"):
            words = _stored(by_hash[key], bytes(values))
            if words is not None:
                found[key] = words
                recent.put(encoder, key, words)
    return {by_hash[key]: words for key, words in found.items()}


def keep_only(project: Project, encoder: str, texts: Mapping[str, Words]) -> None:
    """Have the database hold the words of these texts, and of no others of the project."""
    wanted = {text_hash(text): words for text, words in texts.items()}
    rows = WordStates.objects.filter(project=project)
    held = {(of, key): pk for pk, of, key in rows.values_list("pk", "encoder", "text_hash")}
    gone = [pk for (of, key), pk in held.items() if of != encoder or key not in wanted]
    for start in range(0, len(gone), ROWS_PER_QUERY):
        rows.filter(pk__in=gone[start : start + ROWS_PER_QUERY]).delete()
    new = {key: words for key, words in wanted.items() if (encoder, key) not in held}
    keep(project, encoder, new)


def keep(project: Project, encoder: str, words: Mapping[str, Words]) -> None:
    """Store words by text hash; those already there stay as they are."""
    WordStates.objects.bulk_create(
        (
            WordStates(project=project, encoder=encoder, text_hash=key, values=of.states.tobytes())
            for key, of in words.items()
        ),
        ignore_conflicts=True,
        batch_size=ROWS_PER_QUERY,
    )


def erase(texts: Collection[str]) -> None:
    """Let go of what is known of these texts; whoever needs it of another document reads again."""
    keys = {text_hash(text) for text in texts}
    WordStates.objects.filter(text_hash__in=keys).delete()
    transaction.on_commit(lambda: recent.forget(keys))


def words_of(text: str, states: States) -> Words:
    """The words of a text, as an encoder has just read them."""
    places = word_places(text)
    return Words(places, states, shapes(text, places))


def _stored(text: str, values: bytes) -> Words | None:
    """None for a row that does not fit the words of today, which are cut otherwise."""
    places = word_places(text)
    numbers = np.frombuffer(values, dtype="<f2")
    if len(places) == 0 or len(numbers) % len(places):
        return None
    return Words(places, numbers.reshape(len(places), -1), shapes(text, places))
