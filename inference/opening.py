"""What the model must have read of a document before it can say something about it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from inference import vectors, word_memory
from inference.batcher import Batcher
from inference.heads import Floats
from inference.live import LiveHead
from inference.span_heads import SpanHead
from inference.words import Words
from projects.models import Document


class Needs(NamedTuple):
    """What the heads of a project look at: a text's vector, its words, and these as read."""

    vector: bool
    words: bool
    states: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A document, with its vector (known before, or fresh and to be kept) and its texts' words."""

    document: Document
    encoder: str
    vector: Floats | None
    fresh: Floats | None = None
    words: Mapping[str, Words] | None = None


def needs_of(heads: Sequence[LiveHead]) -> Needs:
    spans = [one.head for one in heads if isinstance(one.head, SpanHead)]
    return Needs(
        vector=len(spans) < len(heads),
        words=bool(spans),
        states=any(head.tagger is not None for head in spans),
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
    return replace(opened, vector=vector, fresh=fresh, words=words)
