"""Whether a tuned encoder is worth having, tried on answers that it has not seen.

A fifth of the answered documents is held out, the same ones each time. Weight and calibration are
chosen on one half of them and tried on the other, and the other way round, so that nothing is
scored where it was chosen. It wins when at least four in five bootstrap samples of the held-out
documents give the mix a better span F1 than the live head alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.spans import bio
from inference.spans.bio import Run
from inference.spans.calibration import Calibration, calibrate
from inference.spans.heads import SHOWN, Share, SpanHead
from inference.spans.tagger import Marked

HELD_OUT = 5
"""One document in so many."""
WEIGHTS = (0.3, 0.5, 0.7)
SAMPLES = 1000
SURE = 0.8
FEWEST_HELD_OUT = 10
FEWEST_SPANS = 5
NEUTRAL = Calibration(0.0, 1.0)


class Trial(NamedTuple):
    """A document's texts, read by the tuned encoder, too (`words.tuned`)."""

    texts: Sequence[Marked]

    @property
    def spans(self) -> int:
        return sum(len(bio.runs_of(one.marks, one.words.places)) for one in self.texts)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Exact span F1, in %, on the held-out documents: of the live head alone, and with the tuned
    encoder at `share`. `better`: the share of bootstrap samples in which that is the higher one.
    """

    share: Share
    live: float
    mixed: float
    better: float
    documents: int
    spans: int

    @property
    def wins(self) -> bool:
        enough = self.documents >= FEWEST_HELD_OUT and self.spans >= FEWEST_SPANS
        return enough and self.better >= SURE

    def figures(self) -> dict[str, Any]:
        return {
            "held_out_documents": self.documents,
            "held_out_spans": self.spans,
            "live_f1": round(self.live, 1),
            "mixed_f1": round(self.mixed, 1),
            "better_in_samples": round(self.better, 3),
        }


def is_held_out(texts: Sequence[str]) -> bool:
    """By the hash of a document's texts, so that equal ones stay together."""
    digest = hashlib.sha256("\0".join(texts).encode()).digest()
    return int.from_bytes(digest[:4], "big") % HELD_OUT == 0


def judged(head: SpanHead, trials: Sequence[Trial], *, seed: int) -> Verdict:
    """`head` has learned from none of the trials."""
    halves = [list(range(half, len(trials), 2)) for half in (0, 1)]
    live, mixed = (np.zeros((len(trials), 3), dtype=np.intp) for _ in range(2))
    for here, there in (halves, halves[::-1]):
        share = _best(head, [trials[row] for row in there])
        for row in here:
            live[row] = _counts(head, trials[row])
            mixed[row] = _counts(replace(head, tuned=share), trials[row])
    dice = np.random.default_rng(seed)
    picked = dice.integers(0, max(len(trials), 1), (SAMPLES, len(trials)))
    return Verdict(
        share=_best(head, trials),
        live=float(_f1(live.sum(axis=0))),
        mixed=float(_f1(mixed.sum(axis=0))),
        better=float(np.mean(_f1(mixed[picked].sum(axis=1)) > _f1(live[picked].sum(axis=1)))),
        documents=len(trials),
        spans=int(live[:, 2].sum()),
    )


def _best(head: SpanHead, trials: Sequence[Trial]) -> Share:
    shares = [_calibrated(head, weight, trials) for weight in WEIGHTS]
    counts = [[_counts(replace(head, tuned=share), one) for one in trials] for share in shares]
    scores = [float(_f1(np.sum([(0, 0, 0), *of], axis=0))) for of in counts]
    return shares[int(np.argmax(scores))]


def _calibrated(head: SpanHead, weight: float, trials: Sequence[Trial]) -> Share:
    """With what its scores were worth on these trials."""
    bare = replace(head, tuned=Share(weight, NEUTRAL))
    scores: list[float] = []
    right: list[bool] = []
    for one in (text for trial in trials for text in trial.texts):
        marked = bio.runs_of(one.marks, one.words.places)
        for run in bare.tagged(one.text, one.words)[0]:
            scores.append(run.score)
            right.append((run.first, run.last, run.column) in marked)
    return Share(weight, calibrate(scores, right))


def _counts(head: SpanHead, trial: Trial) -> tuple[int, int, int]:
    """Spans right, said and true."""
    right = said = 0
    for one in trial.texts:
        marked = bio.runs_of(one.marks, one.words.places)
        found = [run for run in head.runs(one.text, one.words) if run.score >= SHOWN]
        right += sum(_exactly(run) in marked for run in found)
        said += len(found)
    return right, said, trial.spans


def _exactly(run: Run) -> tuple[int, int, int]:
    return run.first, run.last, run.column


def _f1(counts: NDArray[np.intp]) -> NDArray[np.float64]:
    """(…, 3) to (…), in %; nothing said and nothing to say is no merit."""
    right, said, true = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    score: NDArray[np.float64] = 200 * right / np.maximum(said + true, 1)
    return score
