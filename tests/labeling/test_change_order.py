import pytest

from labeling.models import Slot
from labeling.queue import lease_next
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db

PAGE = "/projects/tickets/settings/queue"


def change(client, order):
    form = {"overlap": "1", "queue_order": order, "reserve_percent": "20"}
    return client.post(PAGE, {**form, "confirmed": f"1 {order} 20"})


def test_a_new_order_ranks_what_is_free(client_of, project, alice, bob):
    documents = make_documents(project, count=5)

    change(client_of(alice), "imported")

    assert lease_next(project=project, annotator=bob) == documents[0]
    ranked = Slot.objects.order_by("rank").values_list("document", flat=True)
    assert list(ranked) == [document.pk for document in documents]


def test_back_to_random_is_the_order_that_was_drawn_at_import(client_of, project, alice):
    documents = make_documents(project, count=5)

    change(client_of(alice), "imported")
    change(client_of(alice), "random")

    assert {slot.document_id: slot.rank for slot in Slot.objects.all()} == {
        document.pk: document.order_coin for document in documents
    }


def test_the_reserve_stays_random_in_any_order(client_of, project, alice):
    [document] = make_documents(project, count=1, in_reserve=True)

    change(client_of(alice), "imported")

    assert document.slots.get().rank == document.order_coin


def test_an_answered_document_stays_done(client_of, project, alice, bob):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")

    change(client_of(alice), "imported")

    document.refresh_from_db()
    assert document.state == "done"
