"""What any version of a model says of documents, for work that nobody waits for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from inference import artifacts
from inference.artifacts import ArtifactDamaged
from inference.choices.heads import MAX_ITEMS
from inference.choices.regression import Floats
from inference.engine import EngineError
from inference.importing.tags import joined
from inference.models import ModelKind, ModelVersion, Suggestion
from inference.remote.failures import without_answer
from inference.spans import heads as span_heads
from inference.spans.calibration import Calibration, line_in
from inference.spans.tagger import runs_in
from inference.spans.words import word_places
from inference.training.classifier import MAX_TOKENS, Classifier, Task, load
from labeling.exposures import SuggestedItem
from labeling.merged import merged_into
from projects.models import Document, Label, Question, QuestionKind

Items = list[SuggestedItem]
OFFERED = 0.5
"""The probability from which one of several labels, or a span, is picked."""
NO_NUMBERS = "Its weights hold what is no number (NaN), so it says nothing."
SHOWN = 0.15
"""Spans that are less likely are left out."""


class CannotPredict(Exception):
    """This version cannot be asked, for a reason a person can read."""


class Predictor(Protocol):
    def predict(self, documents: Sequence[Document]) -> list[Items]:
        """Of each document, whose `project` is set: every label, best first; or spans, field by
        field, in the order of the text. Labels deleted since are left out. Blocks.

        Raises CannotPredict.
        """


def predictor_of(version: ModelVersion) -> Predictor:
    """Loads what it takes. Raises CannotPredict."""
    match version.kind:
        case ModelKind.LIVE:
            from inference.live_predictor import LivePredictor  # which may need this module

            return LivePredictor.of(version)
        case ModelKind.FINE_TUNED | ModelKind.FOLDER:
            return FolderPredictor.of(version)
        case ModelKind.REMOTE:
            from inference.remote.predict import predictor

            remote: Predictor = predictor(version)
            return remote
        case _:
            raise CannotPredict(f"{version} has a say in the live head, and no answers of its own.")


def record(
    version: ModelVersion,
    documents: Sequence[Document],
    items: Sequence[Items],
    version_name: str,
) -> None:
    """Store what was said, of a choice its first labels; what is stored already stays. Where a
    remote version failed there is nothing to store, and it can be asked again.

    `version_name`: the version as it is now.
    """
    failed = without_answer(version, documents)
    Suggestion.objects.bulk_create(
        (
            Suggestion(
                document=document,
                question_id=version.question_id,
                model_version=version,
                version=version_name,
                items=said if _are_spans(said) else said[:MAX_ITEMS],
                label_id=said[0]["label"] if said else None,
                score=_score(said) if said else None,
            )
            for document, said in zip(documents, items, strict=True)
            if document.pk not in failed
        ),
        ignore_conflicts=True,
    )


@dataclass(frozen=True, slots=True)
class FolderPredictor:
    """A model in a folder. `labels`: by column the label's id; None for one that we do not have.
    `line`: of spans, under which their scores come true, where that was tried.
    """

    question: Question
    classifier: Classifier
    labels: tuple[int | None, ...]
    temperature: float = 1.0
    line: Calibration | None = None

    @classmethod
    def of(cls, version: ModelVersion) -> FolderPredictor:
        """Raises CannotPredict."""
        into = merged_into(version.project)
        labels = tuple(into.get(label, label) for label in version.parameters.get("labels", ()))
        task: Task = "span" if version.question.kind == QuestionKind.SPAN else "choice"
        max_tokens = int(version.parameters.get("max_tokens") or MAX_TOKENS)
        try:
            folder = artifacts.local(version)
            classifier = load(folder, task, max_tokens=max_tokens)
        except ArtifactDamaged as why:
            raise CannotPredict(str(why)) from why
        except EngineError as why:
            raise CannotPredict(f"{version} cannot be used. {why}") from why
        if len(labels) != len(classifier.columns):
            raise CannotPredict(
                f"{version} tells {len(classifier.columns)} labels apart, and {len(labels)} of "
                "them are mapped. Import its folder again."
            )
        temperature = float(version.parameters.get("temperature") or 1.0)
        return cls(version.question, classifier, labels, temperature, line_in(version.parameters))

    def predict(self, documents: Sequence[Document]) -> list[Items]:
        known = labels_now(self.question.pk)
        if self.question.kind == QuestionKind.SPAN:
            return self._spans(documents, known)
        texts = [document.model_text for document in documents]
        shares = self.classifier.choose(texts, temperature=self.temperature)
        if not np.isfinite(shares).all():
            raise CannotPredict(NO_NUMBERS)
        return [self._choice(row, known) for row in shares]

    def _choice(self, shares: Floats, known: Collection[int]) -> Items:
        """Where a column of no label that there is comes first, none is offered instead of it."""
        several, nothing = self.classifier.several, 0.0
        scores: dict[int, float] = {}
        for label, share in zip(self.labels, shares.tolist(), strict=True):
            if label is None or label not in known:
                nothing = max(nothing, share)
            else:  # of labels that were merged, any is right where several are, else one of them
                before = scores.get(label, 0.0)
                scores[label] = max(before, share) if several else before + share
        best_first = sorted(scores, key=lambda label: -scores[label])
        return [
            {
                "label": label,
                "score": round(scores[label], 4),
                "offered": scores[label] >= (OFFERED if several else nothing)
                and (several or place == 0),
            }
            for place, label in enumerate(best_first)
        ]

    def _spans(self, documents: Sequence[Document], known: Collection[int]) -> list[Items]:
        fields = [document.fields() for document in documents]
        texts = list(dict.fromkeys(text for of in fields for _, text in of))
        tags = dict(zip(texts, self.classifier.tag(texts), strict=True))
        if not all(np.isfinite(of).all() for of in tags.values()):
            raise CannotPredict(NO_NUMBERS)
        return [
            [item for field, text in of for item in self._marked(field, text, tags[text], known)]
            for of in fields
        ]

    def _marked(self, field: str, text: str, tags: Floats, known: Collection[int]) -> Items:
        places, line = word_places(text), self.line
        tags = joined(tags, self.labels)
        offered = span_heads.OFFERED if line else OFFERED
        runs = runs_in(tags)
        if line:
            runs = [run._replace(score=line.honest(run.score)) for run in runs]
        return [
            {
                "label": label,
                "score": round(run.score, 4),
                "offered": run.score >= offered,
                "field": field,
                "start": int(places[run.first, 0]),
                "end": int(places[run.last - 1, 1]),
            }
            for run in runs
            if run.score >= SHOWN
            and (label := self.labels[run.column]) is not None
            and label in known
        ]


def _are_spans(said: Items) -> bool:
    return bool(said) and "start" in said[0]


def _score(said: Items) -> float:
    return min(one["score"] for one in said) if _are_spans(said) else said[0]["score"]


def labels_now(question: int) -> set[int]:
    return set(Label.objects.filter(question=question).values_list("pk", flat=True))
