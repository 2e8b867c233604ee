"""What there is to learn from, and the head that comes of it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inference import vectors
from inference.answered import answered, disputed
from inference.choices import heads
from inference.choices.heads import Floats, Head
from inference.engine import Serving, Unavailable
from inference.promoted.shares import choice_share
from inference.promoted.versions import Promoted
from inference.spans import heads as span_heads
from inference.spans import word_memory
from inference.spans.bio import Mark
from inference.spans.heads import SpanHead
from inference.spans.tagger import Marked
from inference.spans.words import Words, word_places
from labeling.resolved import Picks
from labeling.spans import Span
from projects.models import Document, Label, Project, Question, QuestionKind

logger = logging.getLogger(__name__)

MOST_WORDS = 20_000
"""Of answered texts, newest first, that span heads learn from."""
READ_AT_ONCE = 32
"""Answered texts whose words one fit reads itself; the others wait for the job that encodes."""
POOL = 4000


@dataclass(frozen=True, slots=True)
class Learned:
    """What there is to learn from: answered documents by id, the newest first, none of them
    blind, with their resolved answers; of some the vector, and the words of some texts.
    """

    documents: Mapping[int, Document]
    answers: Mapping[int, Mapping[int, Picks]]
    pool: Floats
    vectors: Mapping[int, Floats]
    words: Mapping[str, Words]
    disputed: Mapping[int, Mapping[int, Picks]]
    """By document and question what somebody chose and no majority holds."""

    def answered(self, question: Question) -> list[tuple[Document, Picks]]:
        """In the order of import, whatever order they were answered in."""
        return [
            (self.documents[pk], self.answers[pk][question.pk])
            for pk in sorted(self.documents)
            if question.pk in self.answers.get(pk, {})
        ]

    def disputed_in(self, document: Document, question: Question) -> Picks:
        return self.disputed.get(document.pk, {}).get(question.pk, frozenset())


def gather(project: Project, serving: Serving) -> Learned:
    """Everything that heads for the project's questions learn from."""
    encoder = serving.engine.name
    documents, answers = answered(project)
    known = vectors.cached(encoder, {document.text_hash for document in documents.values()})
    return Learned(
        documents=documents,
        answers=answers,
        pool=_pool(project, encoder),
        vectors={
            pk: known[document.text_hash]
            for pk, document in documents.items()
            if document.text_hash in known
        },
        words=_words(project, _newest_texts(project, documents, answers), serving),
        disputed=disputed(project),
    )


def teaching_texts(project: Project) -> Collection[str]:
    """The texts whose words span heads learn from."""
    return _newest_texts(project, *answered(project))


def fit_choice(
    question: Question, learned: Learned, serving: Serving, promoted: Promoted | None = None
) -> tuple[Head, dict[str, Any]]:
    """A head for a choice question, and the facts about it; with what a promoted version is to
    say beside it, if there is one.
    """
    labels = list(question.labels.all())
    columns = {label.pk: column for column, label in enumerate(labels)}
    wordings = _wordings(labels, serving)
    rows = [
        (document, [columns[pick] for pick in picks if pick in columns])
        for document, picks in learned.answered(question)
        # A label that is gone is not "none of these".
        if document.pk in learned.vectors and (not picks or columns.keys() & set(picks))
    ]
    documents = [document for document, _ in rows]
    known = [learned.vectors[document.pk] for document in documents]
    head = heads.fit(
        wordings=wordings,
        pool=learned.pool if len(learned.pool) else wordings[:0],
        vectors=np.stack(known) if known else wordings[:0],
        answers=[chosen for _, chosen in rows],
        multiple=question.multiple,
        beside=choice_share(question, promoted, documents) if promoted else None,
    )
    rules = {"slope": head.slope, "offered": head.offered, "nearest": head.nearest}
    facts = {"answers": head.answers, "pool": len(learned.pool), **rules}
    return head, {**heads.PARAMETERS, **facts}


def fit_spans(question: Question, learned: Learned) -> tuple[SpanHead, dict[str, Any]]:
    """A head for a span question, and the facts about it."""
    documents = span_lessons(question, learned)
    texts = [one for texts in documents for one in texts]
    head = span_heads.fit(texts, columns=len(question.labels.all()))
    facts = {"answers": len(documents), "spans": sum(len(one.marks) for one in texts)}
    return head, {**span_heads.PARAMETERS, **facts}


def span_lessons(question: Question, learned: Learned) -> list[list[Marked]]:
    """The texts of each answered document whose words are known, with what was marked there."""
    columns = {label.pk: column for column, label in enumerate(question.labels.all())}
    return [
        [
            Marked(
                text,
                learned.words[text],
                _marks(picks, field, columns),
                _marks(learned.disputed_in(document, question), field, columns),
            )
            for field, text in document.fields()
        ]
        for document, picks in learned.answered(question)
        if all(text in learned.words for _, text in document.fields())
    ]


def _marks(picks: Picks, field: str, columns: Mapping[int, int]) -> list[Mark]:
    return sorted(
        Mark(pick.start, pick.end, columns[pick.label])
        for pick in picks
        if isinstance(pick, Span) and pick.field == field and pick.label in columns
    )


def _pool(project: Project, encoder: str) -> Floats:
    """Vectors of a fair sample of the documents that are not blind, answered or not.

    Hashes fall evenly, so the first of them are fair in whatever order texts came.
    """
    documents = project.documents.published().not_blind().order_by("text_hash")
    hashes = documents.values_list("text_hash", flat=True)[:POOL]
    pool = list(vectors.cached(encoder, list(hashes)).values())
    return np.stack(pool) if pool else np.zeros((0, 0), dtype=np.float32)


def _words(project: Project, texts: Collection[str], serving: Serving) -> dict[str, Words]:
    """The words of these texts, those not known read where that is quickly done; kept."""
    encoder = serving.engine.name
    words = word_memory.known(project, encoder, texts)
    missing = [text for text in texts if text not in words][:READ_AT_ONCE]
    try:
        readings = serving.batcher.read_all(missing)
    except Unavailable:
        raise
    except Exception:  # what can be read, and every other question, is learned all the same
        logger.exception("words_unread", extra={"project": project.pk})
        missing, readings = [], []
    for text, reading in zip(missing, readings, strict=True):
        words[text] = word_memory.remember(encoder, text, reading.states)
    word_memory.keep_only(project, encoder, words)
    return words


def _newest_texts(
    project: Project,
    documents: Mapping[int, Document],
    answers: Mapping[int, Mapping[int, Picks]],
) -> Collection[str]:
    """The texts in which spans were asked for, newest first, while there is room for words."""
    spans = set(project.questions.filter(kind=QuestionKind.SPAN).values_list("pk", flat=True))
    texts: dict[str, None] = {}
    room = MOST_WORDS
    for pk, document in documents.items():
        if room <= 0:
            break
        for _, text in document.fields() if spans & answers.get(pk, {}).keys() else ():
            if text not in texts:
                room -= len(word_places(text))
                texts[text] = None
    return texts


def _wordings(labels: Sequence[Label], serving: Serving) -> Floats:
    """(C, d): what the encoder makes of each label's name and description."""
    texts = [heads.wording(label.name, label.description) for label in labels]
    keys = [vectors.text_hash(text) for text in texts]
    known = vectors.encoded(
        serving.engine.name, serving.batcher, dict(zip(keys, texts, strict=True))
    )
    return np.stack([known[key] for key in keys])
