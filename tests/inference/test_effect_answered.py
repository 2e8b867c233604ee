from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from inference.effect.answered import first_answers
from inference.effect.compared import compared
from inference.effect.page import effect_figures, effect_of
from labeling.exposures import record_exposures
from labeling.merge_labels import merge_labels
from labeling.models import Exposure
from labeling.skip import SkipReason, skip
from labeling.submit import Submission
from labeling.undo import undo
from labeling.withdraw import withdraw
from projects.models import DocumentState
from tests.bench.annotator import Planted, reserve_answers
from tests.factories import answer, make_documents

OPEN, BLIND = 0.9, 0.1


@pytest.fixture
def reserve(project):
    """Makes documents of the reserve, blind unless told otherwise."""

    def make(count: int = 1, coin: float = BLIND, **fields):
        wanted = {"in_reserve": True, "display_coin": coin, **fields}
        return make_documents(project, count=count, **wanted)

    return make


def expose(document, person, question, *items, minutes: int = -5) -> None:
    """A suggestion of these (label name, offered) was computed for the person, some time ago."""
    names = {label.name: label.pk for label in question.labels.all()}
    row = Exposure(
        document=document,
        annotator=person,
        question=question,
        arm=document.arm,
        items=[
            {"label": names[name], "score": 0.5, "offered": offered, **fields}
            for name, offered, fields in ((*item, {})[:3] for item in items)
        ],
    )
    record_exposures([row])
    Exposure.objects.filter(pk=row.pk).update(
        created_at=timezone.now() + timedelta(minutes=minutes)
    )


def skipped(document, person):
    submission = Submission(client_id=uuid.uuid4(), active_ms=1500)
    skip(
        document=document,
        annotator=person,
        reason=SkipReason.UNCLEAR,
        note="",
        submission=submission,
    )


def test_the_database_gives_back_what_was_planted(project, question, bob, dora, rita, reserve):
    """The same annotators as in the benchmark, through real submits and skips."""
    people, labels = [bob, dora, rita], list(question.labels.all())
    planted = [
        each for each in reserve_answers(7, 70, Planted(skipping=0.1)) if each.length < 100_000
    ]
    for each in planted:
        person, coin = people[each.annotator], OPEN if each.is_open else BLIND
        [document] = reserve(coin=coin)
        for label, is_taken in each.offered:
            said = labels[label % 3]
            expose(document, person, question, (said.name, True))
            other = labels[(label + 1) % 3]
            ms = round(each.seconds * 1000)
            answer(document, person, said if is_taken else other, active_ms=ms)
        if each.is_skipped:
            skipped(document, person)

    found = first_answers(question)
    assert [
        (people[p.annotator].pk, p.is_open, p.order, p.is_skipped, tuple(t for _, t in p.offered))
        for p in planted
    ] == [
        (f.annotator, f.is_open, f.order, f.is_skipped, tuple(t for _, t in f.offered))
        for f in found
    ]
    assert [p.seconds for p in planted if not p.is_skipped] == [
        f.seconds for f in found if not f.is_skipped
    ]
    assert effect_figures(question) == compared(found)
    assert all(each.length > 10 for each in found)


def test_only_the_reserve_of_this_epoch_counts_and_only_what_people_answered(
    project, question, bob, reserve
):
    project.reserve_epoch = 2
    project.save()
    documents = [
        *reserve(reserve_epoch=2),
        *reserve(reserve_epoch=1),
        *reserve(reserve_epoch=2, imported_split="test"),
        *make_documents(project, count=1, reserve_epoch=2),
        *reserve(reserve_epoch=2),
    ]
    for document in documents:
        answer(document, bob, "Refund")
    project.documents.filter(pk=documents[-1].pk).update(state=DocumentState.DELETED)

    assert [each.document for each in first_answers(question)] == [documents[0].pk]


def test_the_first_answer_counts_not_what_became_of_it(question, bob, reserve):
    [document] = reserve()
    expose(document, bob, question, ("Refund", True))
    first = answer(document, bob, "Refund", active_ms=4000)
    answer(document, bob, "Praise", active_ms=9000, replaces=first.event)

    [found] = first_answers(question)
    assert found.seconds == 4
    assert [taken for _, taken in found.offered] == [True]


def test_an_answer_that_was_taken_back_or_withdrawn_does_not_count(
    project, question, alice, bob, reserve
):
    undone, withdrawn = reserve(2)
    answer(undone, bob, "Refund")
    undo(project=project, annotator=bob, client_id=uuid.uuid4())
    answer(withdrawn, bob, "Refund")
    assert len(first_answers(question)) == 1
    withdraw(annotation=withdrawn.annotations.get(), owner=alice, reason="", client_id=uuid.uuid4())

    assert first_answers(question) == []


def test_what_was_first_offered_counts_not_what_came_later(question, bob, reserve):
    """A newer suggestion is pushed to open documents alone, so that it cannot be compared."""
    [document, late] = reserve(2, OPEN)
    expose(document, bob, question, ("Praise", True), ("Refund", False), minutes=-9)
    expose(document, bob, question, ("Refund", True), minutes=-1)
    answer(document, bob, "Refund")
    expose(late, bob, question, ("Refund", True), minutes=9)
    answer(late, bob, "Refund")

    praise = question.labels.get(name="Praise").pk
    assert [each.offered for each in first_answers(question)] == [((praise, False),), ()]


def test_what_is_withheld_in_both_arms_is_not_compared(question, bob, reserve):
    [document] = reserve()
    expose(document, bob, question, ("Refund", True, {"withheld": True}))
    answer(document, bob, "Refund")

    [found] = first_answers(question)
    assert found.offered == ()


def test_answers_and_suggestions_follow_a_merge(project, question, alice, bob, reserve):
    [document] = reserve()
    praise, refund = (question.labels.get(name=name) for name in ("Praise", "Refund"))
    expose(document, bob, question, ("Refund", True))
    answer(document, bob, "Praise")
    merge_labels(source=praise, target=refund, owner=alice, tell=lambda *_: None)

    [found] = first_answers(question)
    assert found.offered == ((refund.pk, True),)


@pytest.mark.parametrize("count", [1, 3])
def test_the_queries_are_as_many_for_any_number_of_answers(
    question, bob, reserve, count, django_assert_num_queries
):
    for document in reserve(count):
        expose(document, bob, question, ("Refund", True))
        answer(document, bob, "Refund")
    question = type(question).objects.select_related("project").get(pk=question.pk)

    with django_assert_num_queries(3):
        figures = effect_figures(question)
    with django_assert_num_queries(1):
        effect_of(question, figures, people=True)
