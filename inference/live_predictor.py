"""The live head of a question, asked for work that nobody waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inference import live, vectors
from inference.choices.regression import Floats
from inference.engine import Serving, Unavailable
from inference.engine import serving as this_engine
from inference.live import LiveHead
from inference.models import ModelVersion
from inference.opening import Opened, heard, needs_of
from inference.predicting import CannotPredict, Items, labels_now
from inference.promoted.readers import said_of_all
from inference.spans import word_memory
from inference.spans.words import Words
from inference.suggesting import items_of
from projects.models import Document


@dataclass(frozen=True, slots=True)
class LivePredictor:
    """The live head of a question, as it is now; also with a promoted version beside it."""

    head: LiveHead
    serving: Serving

    @classmethod
    def of(cls, version: ModelVersion) -> LivePredictor:
        """Raises CannotPredict."""
        try:
            serving = this_engine()
            serving.started.result()
            heads = live.refresh(version.project)
        except Unavailable as why:
            raise CannotPredict(str(why)) from why
        for head in (one for both in heads for one in (both.by_itself, both)):
            if head.model_version == version.pk:
                return cls(head, serving)
        raise CannotPredict(f"{version} is not in use any more, so nothing can be asked of it.")

    def predict(self, documents: Sequence[Document]) -> list[Items]:
        needs = needs_of([self.head])
        engine, batcher = self.serving.engine, self.serving.batcher
        texts = {one.text_hash: one.model_text for one in documents} if needs.vector else {}
        known = vectors.cached(engine.name, texts)
        missing = {key: text for key, text in texts.items() if key not in known}
        found: Mapping[str, Floats] = {**known, **vectors.encoded(engine.name, batcher, missing)}
        words = self._words(documents) if needs.words else {}
        tuned = heard(words, needs)
        outputs = {
            key: of
            for _, promoted in needs.promoted
            for key, of in said_of_all(promoted, texts).items()
        }
        labels, said = labels_now(self.head.question), []
        for one in documents:
            opened = Opened(one, engine.name, found.get(one.text_hash), words=words, tuned=tuned)
            items = items_of(
                self.head,
                opened.vector,
                one.fields(),
                opened.words_for(self.head.question),
                outputs=outputs.get(one.text_hash),
            )
            said.append([item for item in items if item["label"] in labels])
        return said

    def _words(self, documents: Sequence[Document]) -> Mapping[str, Words]:
        texts = list({text for one in documents for _, text in one.fields()})
        if not needs_of([self.head]).states:
            return {text: word_memory.unread(text) for text in texts}
        encoder = self.serving.engine.name
        words = word_memory.known(documents[0].project, encoder, texts) if documents else {}
        missing = [text for text in texts if text not in words]
        for text, reading in zip(missing, self.serving.batcher.read_all(missing), strict=True):
            words[text] = word_memory.remember(encoder, text, reading.states)
        return words
