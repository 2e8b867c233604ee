"""What the model must have read of a document before it can say something about it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from inference import vectors
from inference.batcher import Batcher
from inference.choices.heads import Floats
from inference.live import LiveHead
from inference.spans import word_memory
from inference.spans.heads import SpanHead
from inference.spans.words import Words
from inference.tuning import readers
from inference.tuning.readers import Tuned
from projects.models import Document


class Needs(NamedTuple):
    """What the heads of a project look at: a text's vector, its words, and these as read."""

    vector: bool
    words: bool
    states: bool
    tuned: tuple[tuple[int, Tuned], ...] = ()
    """Questions, and the tuned encoder that is to read the words for each."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A document, with its vector (known before, or fresh and to be kept) and its texts' words."""

    document: Document
    encoder: str
    vector: Floats | None
    fresh: Floats | None = None
    words: Mapping[str, Words] | None = None
    tuned: Mapping[tuple[int, str], Floats] | None = None
    """What a tuned encoder says of the words of a text, for a question."""
    labels: frozenset[int] | None = None
    """The labels there are now, which may be fewer than a head has learned; None: not looked up."""
    hidden: frozenset[int] = frozenset()
    """The labels among them that are suggested to nobody."""

    def words_for(self, question: int) -> dict[str, Words]:
        """Text to its words, with what the encoder tuned for this question says of them."""
        said = self.tuned or {}
        return {
            text: words._replace(tuned=said.get((question, text)))
            for text, words in (self.words or {}).items()
        }


def needs_of(heads: Sequence[LiveHead]) -> Needs:
    spans = [one.head for one in heads if isinstance(one.head, SpanHead)]
    return Needs(
        vector=len(spans) < len(heads),
        words=bool(spans),
        states=any(head.tagger is not None for head in spans),
        tuned=tuple((one.question, one.tuned) for one in heads if one.tuned is not None),
    )


def known_of(document: Document, encoder: str, needs: Needs) -> Opened:
    """What is known of a document already. Reads the database."""
    found = vectors.cached(encoder, [document.text_hash]) if needs.vector else {}
    texts = [text for _, text in document.fields()] if needs.states else []
    words = word_memory.known(document.project, encoder, texts)
    return Opened(document, encoder, found.get(document.text_hash), words=words)


async def complete(opened: Opened, needs: Needs, batcher: Batcher) -> Opened:
    """The document with all that is needed, each text read once. Raises Busy."""
    document, vector = opened.document, opened.vector
    words, fresh = dict(opened.words or {}), None
    for text in {text for _, text in document.fields()} - words.keys() if needs.words else ():
        if not needs.states:
            words[text] = await asyncio.to_thread(word_memory.unread, text)
            continue
        reading = await batcher.read(text)
        words[text] = await asyncio.to_thread(
            word_memory.remember, opened.encoder, text, reading.states
        )
        if text == document.model_text and vector is None:
            vector = fresh = reading.vector
    if needs.vector and vector is None:
        vector = fresh = await batcher.encode(document.model_text)
    tuned = await _tuned(words, needs)
    return replace(opened, vector=vector, fresh=fresh, words=words, tuned=tuned)


def heard(words: Mapping[str, Words], needs: Needs) -> dict[tuple[int, str], Floats]:
    """What the tuned encoders say of these texts, for `Opened.tuned`; blocking."""
    return {
        (question, text): of.tuned
        for question, tuned in needs.tuned
        for text, of in readers.read_all(tuned, words).items()
        if of.tuned is not None
    }


async def _tuned(texts: Collection[str], needs: Needs) -> dict[tuple[int, str], Floats]:
    """What the tuned encoders say of these texts; nothing of what they cannot read."""
    said = {}
    for question, tuned in needs.tuned:
        for text in texts:
            shares = await readers.read(tuned, text)
            if shares is not None:
                said[question, text] = shares
    return said
