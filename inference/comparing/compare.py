"""Compare two versions of a question on the blind test documents that are answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inference.comparing.figures import Pair, figures_of
from inference.evaluating.evaluate import Tested, tested_documents
from inference.evaluating.predictions import is_recorded, recorded, said_by
from inference.measuring.measure import last_event
from inference.measuring.outcomes import Outcome
from inference.models import Comparison, ModelVersion
from projects.jobs import JobRun

KEPT = 10
"""Comparisons of each pair; older ones go. What a promotion rests on is kept with it."""

Said = Mapping[int, Sequence[Any]]


def in_order(one: ModelVersion, other: ModelVersion) -> tuple[ModelVersion, ModelVersion]:
    """The older one first: a pair is compared once, not in both directions."""
    first, second = sorted((one, other), key=lambda version: version.number)
    return first, second


def compare(run: JobRun, one: ModelVersion, other: ModelVersion) -> Comparison:
    """Ask both about what they were not asked yet, and compare. Raises JobError."""
    first, second = in_order(one, other)
    event, tested = last_event(first.project), tested_documents(first)
    first_now, first_said = said_by(run, first, tested[0])
    second_now, second_said = said_by(run, second, tested[0])
    first.refresh_from_db(fields=["last_event", "parameters"])
    second.refresh_from_db(fields=["last_event", "parameters"])
    figures = {"event": event, **_figures(first, tested, (first_said, second_said))}
    return _keep(first, second, [first_now, second_now], figures)


def compare_at_once(one: ModelVersion, other: ModelVersion) -> Comparison | None:
    """From what is known to have been said; None where somebody would have to be asked."""
    first, second = in_order(one, other)
    event, tested = last_event(first.project), tested_documents(first)
    if not (is_recorded(first, tested[0]) and is_recorded(second, tested[0])):
        return None
    said = recorded(first, tested[0]), recorded(second, tested[0])
    figures = {"event": event, **_figures(first, tested, said)}
    return _keep(first, second, [first.version, second.version], figures)


def newest_comparison(one: ModelVersion, other: ModelVersion) -> Comparison | None:
    """Of the reserve's current epoch."""
    first, second = in_order(one, other)
    rows = Comparison.objects.filter(first=first, second=second)
    return rows.filter(figures__epoch=first.project.reserve_epoch).first()


def _figures(version: ModelVersion, tested: Tested, said: tuple[Said, Said]) -> dict[str, Any]:
    documents, answers = tested
    question = version.question
    pairs = [
        Pair(one.pk, *(Outcome(of[one.pk], answers[one.pk][question.pk]) for of in said))
        for one in documents
    ]
    return {"epoch": version.project.reserve_epoch, **figures_of(question, pairs)}


def _keep(
    first: ModelVersion, second: ModelVersion, versions: list[str], figures: dict[str, Any]
) -> Comparison:
    learned = [first.learned_answers, second.learned_answers]
    comparison = Comparison.objects.create(
        question=first.question,
        first=first,
        second=second,
        versions=versions,
        documents=figures["n"],
        figures={**figures, "learned": learned},
    )
    rows = Comparison.objects.filter(first=first, second=second)
    older = list(rows.values_list("pk", flat=True)[KEPT:])
    Comparison.objects.filter(pk__in=older).delete()
    return comparison
