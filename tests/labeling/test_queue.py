from datetime import timedelta

import pytest
from django.utils import timezone

from labeling import queue
from labeling.models import Slot, SlotState
from labeling.queue import LEASE, lease_next
from projects.models import DocumentState, QueueOrder
from tests.factories import answer, make_documents, make_project

pytestmark = pytest.mark.django_db


def test_two_people_never_hold_the_same_document(project, bob, dora):
    make_documents(project, count=2)

    first = lease_next(project=project, annotator=bob)
    second = lease_next(project=project, annotator=dora)

    assert first is not None
    assert second is not None
    assert first != second


def test_a_person_gets_the_same_document_until_it_is_answered(project, bob):
    make_documents(project, count=3)

    first = lease_next(project=project, annotator=bob)

    assert lease_next(project=project, annotator=bob) == first
    answer(first, bob, "Refund")
    assert lease_next(project=project, annotator=bob) != first


def test_overlap_lends_one_document_to_that_many_people(project, alice, bob, dora):
    project.overlap = 2
    project.save()
    [document] = make_documents(project, count=1)

    assert lease_next(project=project, annotator=alice) == document
    assert lease_next(project=project, annotator=bob) == document
    assert lease_next(project=project, annotator=dora) is None


def test_nothing_is_served_twice_to_who_answered_it(project, bob, dora):
    project.overlap = 2
    project.save()
    [document] = make_documents(project, count=1)

    answer(lease_next(project=project, annotator=bob), bob, "Praise")

    assert lease_next(project=project, annotator=bob) is None
    assert lease_next(project=project, annotator=dora) == document


def test_an_expired_lease_goes_to_the_next_person(project, bob, dora):
    [document] = make_documents(project, count=1)
    lease_next(project=project, annotator=bob)
    assert lease_next(project=project, annotator=dora) is None

    Slot.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

    assert lease_next(project=project, annotator=dora) == document
    assert lease_next(project=project, annotator=bob) is None


def test_a_lost_lease_does_not_cost_the_answer(project, bob, dora):
    [document] = make_documents(project, count=1)
    lease_next(project=project, annotator=bob)
    Slot.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    lease_next(project=project, annotator=dora)

    first = answer(document, dora, "Refund")
    late = answer(document, bob, "Praise")

    assert not first.surplus
    assert late.surplus
    assert document.annotations.count() == 2


def test_the_last_wanted_answer_makes_a_document_done(project, bob, dora):
    project.overlap = 2
    project.save()
    [document] = make_documents(project, count=1)

    answer(document, bob, "Refund")
    document.refresh_from_db()
    assert document.state == DocumentState.OPEN

    answer(document, dora, "Refund")
    document.refresh_from_db()
    assert document.state == DocumentState.DONE


def test_documents_come_as_imported_when_the_owner_says_so(bob):
    ordered = make_project(queue_order=QueueOrder.IMPORTED, reserve=0)
    documents = make_documents(ordered, count=4)

    served = []
    for _ in documents:
        document = lease_next(project=ordered, annotator=bob)
        served.append(document)
        answer(document, bob)

    assert served == documents


def test_the_reserve_is_served_in_the_order_of_its_coin(bob):
    project = make_project(queue_order=QueueOrder.IMPORTED, reserve=1)
    coins = [0.9, 0.1, 0.5]
    documents = [make_documents(project, count=1, in_reserve=True, order_coin=c)[0] for c in coins]

    served = []
    for _ in coins:
        document = lease_next(project=project, annotator=bob)
        served.append(document)
        answer(document, bob)

    assert served == [documents[1], documents[2], documents[0]]


@pytest.mark.parametrize(("coin", "expected"), [(0.19, True), (0.21, False)])
def test_the_reserve_gets_its_share_of_what_is_served(bob, monkeypatch, coin, expected):
    project = make_project(reserve=0.2)
    make_documents(project, count=2, in_reserve=True)
    make_documents(project, count=2, in_reserve=False)
    monkeypatch.setattr("labeling.queue.random.random", lambda: coin)

    assert lease_next(project=project, annotator=bob).in_reserve is expected


def test_a_lane_that_is_dry_leaves_the_other(bob, monkeypatch):
    project = make_project(reserve=0.2)
    [document] = make_documents(project, count=1, in_reserve=True)
    monkeypatch.setattr("labeling.queue.random.random", lambda: 0.99)

    assert lease_next(project=project, annotator=bob) == document


def test_staged_documents_are_not_served(project, bob):
    make_documents(project, count=1, state=DocumentState.OPEN)

    assert Slot.objects.count() == 0
    assert lease_next(project=project, annotator=bob) is None


def test_another_projects_documents_are_not_served(project, bob):
    make_documents(make_project(), count=1)

    assert lease_next(project=project, annotator=bob) is None


def test_what_is_given_back_is_free_for_others(project, bob, dora):
    [document] = make_documents(project, count=1)
    lease_next(project=project, annotator=bob)

    queue.give_back(project=project, annotator=bob)

    assert lease_next(project=project, annotator=dora) == document


def test_leasing_costs_the_same_at_any_size(project, bob, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("labeling.queue.random.random", lambda: 0.99)
    make_documents(project, count=3)
    with django_assert_num_queries(8):  # two of them open a savepoint, two release it
        lease_next(project=project, annotator=bob)
    queue.give_back(project=project, annotator=bob)

    make_documents(project, count=30)
    with django_assert_num_queries(8):
        lease_next(project=project, annotator=bob)


def test_a_lease_lasts_as_long_as_it_says(project, bob):
    make_documents(project, count=1)
    before = timezone.now()

    lease_next(project=project, annotator=bob)

    slot = Slot.objects.get(state=SlotState.LEASED)
    assert before + LEASE <= slot.leased_until <= timezone.now() + LEASE
