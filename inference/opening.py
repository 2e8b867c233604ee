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
from inference.models import Suggestion
from inference.promoted import readers as promoted_readers
from inference.promoted.versions import Promoted
from inference.spans import word_memory
from inference.spans.heads import SpanHead
from inference.spans.words import Words
from inference.tuning import readers
from inference.tuning.readers import Tuned
from labeling.exposures import SuggestedItem
from projects.models import Document


class Needs(NamedTuple):
    """What the heads of a project look at: a text's vector, its words, and these as read."""

    vector: bool
    words: bool
    states: bool
    tuned: tuple[tuple[int, Tuned], ...] = ()
    """Questions, and the tuned encoder that is to read the words for each."""
    promoted: tuple[tuple[int, Promoted], ...] = ()
    """Questions, and the promoted version that is to read the text for each."""
    recorded: tuple[tuple[int, Promoted], ...] = ()
    """Questions, and the promoted version of which is shown what it said before."""


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
    outputs: Mapping[int, Floats] | None = None
    """What a promoted version says of the text, by question: log odds, column by column."""
    recorded: Mapping[int, Sequence[SuggestedItem]] | None = None
    """What a promoted version said of it before, by question."""
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

    def speaker(self, head: LiveHead) -> LiveHead:
        """The head with the promoted version, if that has something to say here; or without."""
        if head.promoted is None or head.plain is None:
            return head
        if head.promoted.is_remote:
            is_heard = head.question in (self.recorded or {})
        elif isinstance(head.head, SpanHead):
            said = self.tuned or {}
            is_heard = all((head.question, text) in said for _, text in self.document.fields())
        else:
            is_heard = head.question in (self.outputs or {})
        return head if is_heard else head.plain


def needs_of(heads: Sequence[LiveHead]) -> Needs:
    promoted = [(one.question, one.promoted) for one in heads if one.promoted is not None]
    words = {one.question for one in heads if isinstance(one.head, SpanHead)}
    spans = [one.head for one in heads if isinstance(one.head, SpanHead)]
    return Needs(
        vector=len(spans) < len(heads),
        words=bool(spans),
        states=any(head.tagger is not None for head in spans),
        tuned=tuple((one.question, one.tuned) for one in heads if one.tuned is not None),
        promoted=tuple((pk, one) for pk, one in promoted if not one.is_remote and pk not in words),
        recorded=tuple((pk, one) for pk, one in promoted if one.is_remote),
    )


def known_of(document: Document, encoder: str, needs: Needs) -> Opened:
    """What is known of a document already. Reads the database."""
    found = vectors.cached(encoder, [document.text_hash]) if needs.vector else {}
    texts = [text for _, text in document.fields()] if needs.states else []
    words = word_memory.known(document.project, encoder, texts)
    outputs = {
        question: said
        for question, promoted in needs.promoted
        for said in vectors.cached(promoted.encoder, [document.text_hash]).values()
    }
    recorded = recorded_of([document], needs).get(document.pk, {})
    return Opened(
        document,
        encoder,
        found.get(document.text_hash),
        words=words,
        outputs=outputs,
        recorded=recorded,
    )


def recorded_of(
    documents: Collection[Document], needs: Needs
) -> dict[int, dict[int, list[SuggestedItem]]]:
    """By document and question, what promoted versions said before. A query for each question."""
    found: dict[int, dict[int, list[SuggestedItem]]] = {}
    for question, promoted in needs.recorded:
        rows = Suggestion.objects.filter(document__in=documents, model_version=promoted.version)
        for document, items in rows.values_list("document", "items"):
            found.setdefault(document, {})[question] = items
    return found


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
    tuned, outputs = await _tuned(words, needs), await _outputs(opened, needs)
    return replace(opened, vector=vector, fresh=fresh, words=words, tuned=tuned, outputs=outputs)


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


async def _outputs(opened: Opened, needs: Needs) -> dict[int, Floats]:
    """What promoted versions say of the text; nothing of those that cannot read it."""
    outputs = dict(opened.outputs or {})
    document = opened.document
    for question, promoted in needs.promoted:
        if question not in outputs:
            said = await promoted_readers.said(promoted, document.text_hash, document.model_text)
            if said is not None:
                outputs[question] = said
    return outputs
