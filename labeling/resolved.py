"""The resolved answer: the one function behind training, freezing, metrics and export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, Q

from labeling.items import Pick, pick_of
from labeling.models import Annotation, Answer
from projects.models import Project

Picks = frozenset[Pick]
"""The labels or spans one person chose for one question; empty when none fits."""


@dataclass(frozen=True, slots=True)
class Given:
    """One person's answers: question id to the picks, for the questions answered."""

    annotator: int | None
    picks: Mapping[int, Picks]


def majority(answers: Sequence[Picks], *, several: bool) -> Picks | None:
    """What a strict majority holds; None when there is no such thing (unresolved).

    A single choice compares whole answers. Of several labels, and of spans, each is counted by
    itself; the result is empty only if a majority chose nothing.
    """
    needed = len(answers) / 2
    if not several:
        votes = Counter(answers)
        return next((picks for picks, n in votes.items() if n > needed), None)
    held = Counter(pick for picks in answers for pick in picks)
    winners = frozenset(pick for pick, n in held.items() if n > needed)
    if winners or sum(not picks for picks in answers) > needed:
        return winners
    return None


def resolve(given: Iterable[Given], *, several: Mapping[int, bool]) -> dict[int, Picks]:
    """Question id to the resolved picks; unresolved and unanswered questions are left out.

    `several` says of each question id whether an answer is a set of items (`takes_several`).
    """
    people = list(given)
    resolved: dict[int, Picks] = {}
    for question, is_set in several.items():
        answers = [person.picks[question] for person in people if question in person.picks]
        picks = majority(answers, several=is_set)
        if picks is not None:
            resolved[question] = picks
    return resolved


def given_answers(
    project: Project,
    documents: Collection[int],
    only: Q = Q(),  # noqa: B008 - it is never changed
) -> dict[int, list[Given]]:
    """Document id to the answers that count, for these ids. Two queries.

    `only` narrows the annotations.
    """
    annotations = (
        Annotation.objects.in_project(project)
        .counted()
        .filter(only, document__in=documents)
        .prefetch_related(Prefetch("answers", Answer.objects.exclude(label=None).order_by("pk")))
        .order_by("document", "pk")
    )
    given: dict[int, list[Given]] = {}
    for annotation in annotations:
        given.setdefault(annotation.document_id, []).append(_given(annotation))
    return given


def resolved_answers(project: Project, documents: Collection[int]) -> dict[int, dict[int, Picks]]:
    """Document id to its resolved answers (see `resolve`), for these ids. Three queries."""
    several = {question.pk: question.takes_several for question in project.questions.all()}
    return {
        document: resolve(given, several=several)
        for document, given in given_answers(project, documents).items()
    }


def disputed_answers(
    project: Project, resolved: Mapping[int, Mapping[int, Picks]]
) -> dict[int, dict[int, Picks]]:
    """Document id to what somebody chose and the resolved answer does not hold, by question id;
    for these documents and the questions that resolved. Two queries.
    """
    return {
        document: {
            question: frozenset().union(*(one.picks.get(question, ()) for one in given)) - picks
            for question, picks in resolved[document].items()
        }
        for document, given in given_answers(project, resolved.keys()).items()
    }


def _given(annotation: Annotation) -> Given:
    picks: dict[int, set[Pick]] = {pk: set() for pk in annotation.answered_questions}
    for answer in annotation.answers.all():
        picks.setdefault(answer.question_id, set()).add(pick_of(answer))
    return Given(annotation.annotator_id, {pk: frozenset(of) for pk, of in picks.items()})
