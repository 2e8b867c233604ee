"""How much a promoted version has to say beside the live head."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from corpus.versions.freeze import DatasetDamaged
from inference import vectors
from inference.choices.heads import Beside, Head
from inference.choices.regression import sigmoid, softmax
from inference.choices.shared import FEWEST, Outputs, Share, alone, chosen_share
from inference.choices.trials import Trials
from inference.promoted.versions import Promoted, learned_texts
from inference.spans.calibration import Calibration
from inference.spans.heads import Share as SpanShare
from inference.spans.heads import SpanHead
from projects.models import Document, Question

logger = logging.getLogger(__name__)

UNTRIED = Calibration(0.0, 1.0)
"""Scores as they are."""
SPAN_WEIGHT = 0.5
"""Of a version that was trained here beside the live tagger, which goes on learning. On 700 tweets
that neither had seen this was 1.2 F1 above the version alone where both had learned the same 900,
and 1.5 above it where the live tagger had learned 400 more; 2.4 and 1.3 above the live tagger.
"""


def share_of(head: Head | SpanHead) -> Share | SpanShare | None:
    """What somebody else has to say beside a head."""
    return head.tuned if isinstance(head, SpanHead) else head.share


def by_itself(head: Head | SpanHead) -> Head | SpanHead:
    if isinstance(head, SpanHead):
        return replace(head, tuned=None)
    return replace(head, share=None)


def with_promoted(head: SpanHead, promoted: Promoted) -> SpanHead:
    """Alone where its scores were never tried, or the live tagger has nothing to say yet; what was
    marked before is found by the gazetteer all the same.
    """
    if promoted.line is None or head.tagger is None:
        return replace(head, tuned=SpanShare(1.0, promoted.line or UNTRIED))
    return replace(head, tuned=SpanShare(SPAN_WEIGHT, promoted.line))


def choice_share(question: Question, promoted: Promoted, documents: Sequence[Document]) -> Beside:
    """Chosen on answers that the promoted version has not learned from, nor the heads of the
    trials; alone while there are too few of them.

    `documents`: those there are to learn from, row by row.
    """
    labels = [label.pk for label in question.labels.all()]

    def chosen(head: Head, trials: Trials) -> Share:
        hashes = [documents[row].text_hash for row in trials.rows]
        known = vectors.cached(promoted.encoder, set(hashes).difference(_seen(promoted, hashes)))
        fair = [place for place, key in enumerate(hashes) if key in known]
        if len(fair) < FEWEST:
            return alone(promoted.temperature)
        said, answers = trials.said[fair], trials.chosen[fair]
        live = (sigmoid if trials.multiple else softmax)(np.float32(head.slope) * said)
        odds = np.stack([known[hashes[place]] for place in fair])
        outputs = Outputs(odds, promoted.columns, labels, trials.multiple)
        return chosen_share(outputs, live, answers)

    return chosen


def _seen(promoted: Promoted, hashes: Collection[str]) -> Collection[str]:
    """All of them, where what it has learned from cannot be read."""
    try:
        return learned_texts(promoted.version)
    except DatasetDamaged:
        logger.exception("dataset_unreadable", extra={"version": promoted.version})
        return set(hashes)
