"""The order that a model gives, beside people who work."""

import random
import threading

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from labeling.change_queue import change_queue
from labeling.models import Slot, SlotState
from labeling.queue import give_back, lease_next
from labeling.rerank import rankable, ranked_now, rerank
from projects.models import QueueOrder, Role
from tests.factories import answer, make_documents, make_member
from tests.labeling.test_concurrency import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def ranked(project):
    """The project, in an order that follows the model, without its reserve."""
    project.queue_order, project.reserve = QueueOrder.UNCERTAIN, 0
    project.save()
    return project


def follow(project):
    change_queue(project=project, after=0, tell=lambda after, count: None)


def backwards(documents):
    return {document.pk: -place / 100 + 0.99 for place, document in enumerate(documents)}


def test_documents_wait_at_random_behind_the_ranked_ones(ranked):
    documents = make_documents(ranked, count=6)
    chosen = sorted(documents, key=lambda document: document.order_coin)[3:]

    rerank(project=ranked, ranks=backwards(chosen))

    order = list(Slot.objects.order_by("rank").values_list("document", flat=True))
    others = sorted(set(documents) - set(chosen), key=lambda document: document.order_coin)
    assert order == [one.pk for one in [*reversed(chosen), *others]]
    assert ranked_now(ranked) == 3


def test_a_new_ranking_puts_those_it_leaves_out_back_among_the_others(ranked):
    first, second = make_documents(ranked, count=2)
    rerank(project=ranked, ranks={first.pk: 0.0})

    rerank(project=ranked, ranks={second.pk: 0.0})

    assert first.slots.get().rank == pytest.approx(1 + first.order_coin)
    assert second.slots.get().rank == 0


def test_the_reserve_is_never_ranked(ranked):
    [document] = make_documents(ranked, count=1, in_reserve=True)

    rerank(project=ranked, ranks={document.pk: 0.5})

    assert rankable(project=ranked, sample=10) == []
    assert document.slots.get().rank == document.order_coin


def test_a_held_document_keeps_its_place_and_its_holder(ranked, bob):
    documents = make_documents(ranked, count=3)
    rerank(project=ranked, ranks=backwards(documents))
    held = lease_next(project=ranked, annotator=bob)

    rerank(project=ranked, ranks={documents[0].pk: 0.0})

    assert held == documents[2]
    assert lease_next(project=ranked, annotator=bob) == held
    assert held.slots.get().rank == pytest.approx(0.97)


def test_what_is_given_back_is_served_first_again(ranked, bob, dora):
    documents = make_documents(ranked, count=3)
    rerank(project=ranked, ranks=backwards(documents))
    lease_next(project=ranked, annotator=bob)

    give_back(project=ranked, annotator=bob)

    assert lease_next(project=ranked, annotator=dora) == documents[2]


def test_a_document_that_was_begun_keeps_its_rank_for_the_other_answers(ranked, bob, dora):
    ranked.overlap = 2
    ranked.save()
    documents = make_documents(ranked, count=3)
    rerank(project=ranked, ranks=backwards(documents))
    begun = lease_next(project=ranked, annotator=bob)
    answer(begun, bob, "Refund")

    rerank(project=ranked, ranks={documents[0].pk: 0.98})

    assert begun.pk not in rankable(project=ranked, sample=10)
    assert lease_next(project=ranked, annotator=dora) == begun


def test_a_ranking_that_comes_after_another_order_was_set_changes_nothing(ranked):
    documents = make_documents(ranked, count=2)
    type(ranked).objects.update(queue_order=QueueOrder.RANDOM)
    late = type(ranked).objects.get()
    follow(late)

    assert not rerank(project=ranked, ranks=backwards(documents))

    assert {slot.document_id: slot.rank for slot in Slot.objects.all()} == {
        document.pk: document.order_coin for document in documents
    }


@pytest.mark.parametrize("order", [QueueOrder.UNCERTAIN, QueueOrder.DIVERSE])
def test_from_the_order_of_import_all_begin_behind(project, order):
    project.queue_order = QueueOrder.IMPORTED
    project.save()
    outside = make_documents(project, count=3)
    [inside] = make_documents(project, count=1, in_reserve=True)

    project.queue_order = order
    project.save()
    follow(project)

    assert [document.slots.get().rank for document in outside] == pytest.approx(
        [1 + document.order_coin for document in outside]
    )
    assert inside.slots.get().rank == inside.order_coin


def test_candidates_are_the_ranked_and_a_fair_sample_of_the_others(ranked):
    documents = make_documents(ranked, count=30)
    rerank(project=ranked, ranks={documents[0].pk: 0.5})

    drawn = [rankable(project=ranked, sample=5) for _ in range(40)]

    assert all(documents[0].pk in one for one in drawn)
    assert all(5 <= len(set(one)) == len(one) <= 6 for one in drawn)
    assert len({pk for one in drawn for pk in one}) > 20


def test_a_small_project_is_looked_at_whole(ranked):
    documents = make_documents(ranked, count=7)
    rerank(project=ranked, ranks=backwards(documents[:2]))

    assert set(rankable(project=ranked, sample=50)) == {document.pk for document in documents}


@pytest.mark.parametrize("count", [1, 3])
def test_a_ranking_takes_as_many_queries_for_one_document_as_for_three(ranked, count):
    documents = make_documents(ranked, count=count)

    with CaptureQueriesContext(connection) as queries:
        rerank(project=ranked, ranks=backwards(documents))

    begin_and_commit = sum(
        query["sql"].startswith(("SAVEPOINT", "RELEASE")) for query in queries.captured_queries
    )
    assert len(queries) - begin_and_commit == 4


@pytest.mark.django_db(transaction=True)
def test_a_crowd_gets_each_document_once_while_the_order_changes_under_it(ranked):
    crowd = [make_member(ranked, f"worker{n}", Role.ANNOTATOR) for n in range(4)]
    documents = make_documents(ranked, count=24)
    served: list[int] = []
    taken_away: list[int] = []
    finished = threading.Event()

    def keep_ranking():
        dice = random.Random(5)
        while not finished.is_set():
            chosen = dice.sample(documents, 12)
            rerank(project=ranked, ranks={one.pk: dice.random() for one in chosen})
        connections.close_all()

    def work(person):
        while (document := lease_next(project=ranked, annotator=person)) is not None:
            served.append(document.pk)
            holder = Slot.objects.get(document=document)
            if (holder.state, holder.annotator_id) != (SlotState.LEASED, person.pk):
                taken_away.append(document.pk)
            answer(document, person, "Refund")

    ranking = threading.Thread(target=keep_ranking)
    ranking.start()
    try:
        together(work, crowd)
    finally:
        finished.set()
        ranking.join(30)

    assert sorted(served) == sorted(document.pk for document in documents)
    assert taken_away == []


@pytest.mark.django_db(transaction=True)
def test_several_people_are_served_in_the_order_of_the_ranks(ranked):
    """Each takes one; nobody gives back: together they hold the first ones."""
    crowd = [make_member(ranked, f"worker{n}", Role.ANNOTATOR) for n in range(5)]
    documents = make_documents(ranked, count=20)
    rerank(project=ranked, ranks=backwards(documents))
    served: list[int] = []

    together(lambda one: served.append(lease_next(project=ranked, annotator=one).pk), crowd)

    assert set(served) == {document.pk for document in documents[-5:]}
