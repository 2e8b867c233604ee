"""Versions that were made once, and what they say, without a model behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from inference.models import ModelKind, ModelVersion, Stage, Suggestion
from inference.registry import next_number
from projects.models import Document, Question
from tests.factories import answer, make_documents


def make_challenger(question: Question, **fields) -> ModelVersion:
    """Of a kind without files, unless told otherwise."""
    defaults = {"name": "Topic", "kind": ModelKind.REMOTE, "stage": Stage.CHALLENGER}
    return ModelVersion.objects.create(
        project=question.project,
        question=question,
        number=next_number(question),
        **{**defaults, **fields},
    )


def make_champion(question: Question, **fields) -> ModelVersion:
    return make_challenger(question, **{"stage": Stage.CHAMPION, **fields})


def say(version: ModelVersion, documents: Sequence[Document], labels: Iterable[str]) -> None:
    """Have it said these, one label a document; an empty name says nothing."""
    ids = dict(version.question.labels.values_list("name", "pk"))
    Suggestion.objects.bulk_create(
        Suggestion(
            document=document,
            question=version.question,
            model_version=version,
            version=version.version,
            items=[{"label": ids[label], "score": 0.9, "offered": True}] if label else [],
        )
        for document, label in zip(documents, labels, strict=True)
    )


def answered_blind(project, person, count: int, *labels: str) -> list[Document]:
    """Blind test documents with an answer, these labels in turn. The newest answer comes last."""
    names = labels or ("Refund",)
    first = project.documents.count()
    documents = make_documents(
        project,
        *(f"ticket {first + number}" for number in range(count)),
        imported_split="test",
    )
    for number, document in enumerate(documents):
        answer(document, person, names[number % len(names)])
    return documents
