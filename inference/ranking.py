"""Ranking the documents that come next, for projects whose order follows the model.

A job looks at the ranked documents and a fair sample of the others, and puts the thousand most
telling ones in front. Requests only take the first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from django.conf import settings

from inference import acquisition, vectors
from inference.choices.heads import Floats
from inference.engine import Serving
from inference.spans import word_memory
from inference.spans.heads import SpanHead
from inference.spans.words import SHAPES, Words, shapes, word_places
from labeling.models import Annotation
from labeling.rerank import rankable, rerank
from projects.jobs import JobRun, enqueue
from projects.models import RANKED, Document, Job, JobState, Project, QueueOrder
from projects.models.document import blind

if TYPE_CHECKING:
    from inference.live import LiveHead

KIND = "rank"
RANKED_AHEAD = 1000
SAMPLE = 2000
MOST_ANSWERED = 2000
AFTER_ANSWERS = 10
READ_FOR_SPANS = 256
"""Texts that one ranking reads word by word: some seconds."""
READ_AT_ONCE = 32
NAMELIKE = [SHAPES.index(look) for look in ("title", "upper", "mixed", "digits", "with_digit")]
FEW_WORDS = 8


class Candidates(NamedTuple):
    """Documents to choose from, and the vector of each: a row of `vectors` (n, d)."""

    documents: list[Document]
    vectors: Floats


def rank_later(project_id: int, *, anew: bool = False) -> Job | None:
    """Have a worker rank what comes next, if there is reason to; one to three short queries.

    Every ten answers, or `anew`: at once. One job waits at most.
    """
    following = Project.objects.active().filter(queue_order__in=RANKED, deleting_at=None)
    project = following.filter(pk=project_id).first() if settings.ENGINE != "off" else None
    if project is None:
        return None
    ranked = project.jobs.filter(kind=KIND)
    last = ranked.order_by("-pk").first()
    if last is not None and last.state == JobState.QUEUED:
        return None
    through = last.params["through"] if last else 0
    news = list(project.events.filter(pk__gt=through).order_by("-pk")[:AFTER_ANSWERS])
    if last is not None and not anew and len(news) < AFTER_ANSWERS:
        return None
    ranked.filter(state=JobState.DONE).delete()
    return enqueue(project=project, kind=KIND, params={"through": news[0].pk if news else through})


def rank_project(
    run: JobRun, project: Project, heads: Sequence[LiveHead], serving: Serving
) -> dict[str, object]:
    """Rank what comes next. What the encoder has not read yet, or cannot read, waits behind."""
    encoder = serving.engine.name
    candidates = _candidates(project, encoder)
    if candidates is None:
        return {"Documents": 0}
    uncertainty = None
    if project.queue_order == QueueOrder.UNCERTAIN and heads:
        unsure = [_uncertainty(run, one, candidates, serving) for one in heads]
        uncertainty = acquisition.largest(unsure)
    run.raise_if_cancelled()
    answered = _answered(project, encoder, dims=candidates.vectors.shape[1])
    order = acquisition.most_telling(
        candidates.vectors, answered, count=RANKED_AHEAD, uncertainty=uncertainty
    )
    documents = [candidates.documents[row] for row in order]
    ranks = {document.pk: place / len(order) for place, document in enumerate(documents)}
    rerank(project=project, ranks=ranks)
    return {"Documents": len(order), "Looked at": len(candidates.documents)}


def _candidates(project: Project, encoder: str) -> Candidates | None:
    """None while the encoder has read none of those that are left, or can read none."""
    pks = rankable(project=project, sample=SAMPLE)
    documents = project.documents.defer("meta").in_bulk(pks)
    known = _readable(encoder, {document.text_hash for document in documents.values()})
    read = [documents[pk] for pk in pks if pk in documents and documents[pk].text_hash in known]
    if not read:
        return None
    for document in read:
        document.project = project
    return Candidates(read, np.stack([known[document.text_hash] for document in read]))


def _answered(project: Project, encoder: str, *, dims: int) -> Floats:
    """(k, dims): what is answered and may be learned from, the newest."""
    counted = Annotation.objects.in_project(project).counted()
    newest = counted.exclude(blind("document__")).latest_first()
    hashes = set(newest.values_list("document__text_hash", flat=True)[:MOST_ANSWERED])
    known = list(_readable(encoder, hashes).values())
    return np.stack(known) if known else np.zeros((0, dims), dtype=np.float32)


def _readable(encoder: str, hashes: Collection[str]) -> dict[str, Floats]:
    """The vectors there are, but for those of texts that the encoder cannot read."""
    return {
        key: vector
        for key, vector in vectors.cached(encoder, hashes).items()
        if vector.any() and np.isfinite(vector).all()
    }


def _uncertainty(run: JobRun, live: LiveHead, among: Candidates, serving: Serving) -> Floats:
    """(n,): how unsure the head of one question is of each document."""
    head = live.head
    if isinstance(head, SpanHead):
        return _span_uncertainty(run, head, among, serving)
    shares = head.probabilities(among.vectors)
    return acquisition.choice_uncertainty(shares, multiple=head.multiple, offered=head.offered)


def _span_uncertainty(run: JobRun, head: SpanHead, among: Candidates, serving: Serving) -> Floats:
    """Reads the few hundred documents in which spans are likeliest; of the others nothing is said.

    Before the head finds any, likely ones count. Other jobs go first: what was read so far is
    still in memory when this one begins again.
    """
    likely = np.array([_namelike(document) for document in among.documents], dtype=np.float32)
    if head.tagger is None:
        return likely
    unsure = np.zeros(len(likely), dtype=np.float32)
    chosen = np.argsort(-likely, kind="stable")[:READ_FOR_SPANS].tolist()
    for first in range(0, len(chosen), READ_AT_ONCE):
        run.give_way()
        run.raise_if_cancelled()
        rows = chosen[first : first + READ_AT_ONCE]
        fields = {row: [text for _, text in among.documents[row].fields()] for row in rows}
        every = {text for texts in fields.values() for text in texts}
        words = _words(among.documents[0].project, every, serving)
        for row, texts in fields.items():
            unsure[row] = max((head.uncertainty(text, words[text]) for text in texts), default=0)
    return unsure


def _words(project: Project, texts: Collection[str], serving: Serving) -> Mapping[str, Words]:
    """The words of these texts, in memory from now on and not in the database."""
    encoder = serving.engine.name
    known = word_memory.known(project, encoder, texts)
    missing = sorted(set(texts) - known.keys())
    readings = serving.batcher.read_all(missing)
    return known | {
        text: word_memory.remember(encoder, text, reading.states)
        for text, reading in zip(missing, readings, strict=True)
    }


def _namelike(document: Document) -> float:
    """The share of words that look like parts of names or numbers; short texts a little less."""
    tables = [shapes(text, word_places(text)) for _, text in document.fields()]
    words = sum(len(table) for table in tables)
    likely = sum(int(table[:, NAMELIKE].any(axis=1).sum()) for table in tables)
    return likely / (words + FEW_WORDS)
