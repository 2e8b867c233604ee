"""Ranking the documents that come next, for projects whose order follows the model.

A job looks at the ranked documents and a fair sample of the others, and puts the thousand most
telling ones in front. Requests only take the first. What is uncertain is what suggests: where a
version is promoted, that one, with the live head beside it if they speak together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from django.conf import settings

from inference import acquisition, vectors
from inference.choices.heads import Floats
from inference.engine import Serving
from inference.uncertainty import Candidates, uncertainty_of
from labeling.models import Annotation
from labeling.rerank import rankable, rerank
from projects.jobs import JobRun, enqueue
from projects.models import RANKED, Job, JobState, Project, QueueOrder
from projects.models.document import blind

if TYPE_CHECKING:
    from inference.live import LiveHead

KIND = "rank"
RANKED_AHEAD = 1000
SAMPLE = 2000
MOST_ANSWERED = 2000
AFTER_ANSWERS = 10


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
        unsure = [uncertainty_of(run, one, candidates, serving) for one in heads]
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
