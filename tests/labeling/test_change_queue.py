import pytest

from labeling.change_queue import consequences_of
from labeling.models import Annotation, Slot
from labeling.queue import lease_next
from projects.models import Document, Job
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db

PAGE = "/projects/tickets/settings/queue"


def change(client, overlap, order="random", **more):
    return client.post(PAGE, {"overlap": overlap, "queue_order": order, "confirmed": "1", **more})


def states():
    return list(Document.objects.order_by("pk").values_list("state", flat=True))


def test_more_answers_put_done_documents_back_into_the_queue(client_of, project, alice, bob, dora):
    first, _second = make_documents(project, count=2)
    answer(first, bob, "Refund")

    change(client_of(alice), 2)

    assert states() == ["open", "open"]
    assert Slot.objects.count() == 4
    answer(first, dora, "Refund")
    assert states() == ["done", "open"]


def test_surplus_answers_count_before_anybody_is_asked(client_of, project, alice, bob, dora):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    answer(document, dora, "Praise")
    assert Annotation.objects.get(annotator=dora).surplus

    change(client_of(alice), 2)

    assert states() == ["done"]
    assert not Annotation.objects.filter(surplus=True).exists()
    assert document.slots.filter(state="answered").count() == 2


def test_fewer_answers_close_what_has_enough_and_lose_none(client_of, project, alice, bob, dora):
    project.overlap = 3
    project.save()
    first, second = make_documents(project, count=2)
    answer(first, bob, "Refund")
    answer(first, dora, "Refund")

    change(client_of(alice), 1)

    assert states() == ["done", "open"]
    assert Annotation.objects.counted().count() == 2
    assert (first.slots.count(), second.slots.count()) == (2, 1)


def test_who_holds_a_place_that_goes_can_still_answer(client_of, project, alice, bob, dora):
    project.overlap = 2
    project.save()
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    lease_next(project=project, annotator=dora)

    change(client_of(alice), 1)
    answer(document, dora, "Praise")

    assert Annotation.objects.get(annotator=dora).surplus


def test_a_new_order_ranks_what_is_free(client_of, project, alice, bob):
    documents = make_documents(project, count=5)

    change(client_of(alice), 1, "imported")

    assert lease_next(project=project, annotator=bob) == documents[0]
    assert list(Slot.objects.order_by("rank").values_list("document", flat=True)) == [
        document.pk for document in documents
    ]


def test_the_reserve_stays_random_in_any_order(client_of, project, alice):
    [document] = make_documents(project, count=1, in_reserve=True)

    change(client_of(alice), 1, "imported")

    assert document.slots.get().rank == document.order_coin


def test_the_page_says_first_what_would_change_and_changes_nothing(client_of, project, alice, bob):
    first, _second = make_documents(project, count=2)
    answer(first, bob, "Refund")

    page = change(client_of(alice), 2, confirmed="").content.decode()

    assert "1 that is done needs more answers and goes back to the queue" in page
    assert consequences_of(project, 2).reopened == 1
    assert Slot.objects.count() == 2


def test_many_documents_are_a_job(client_of, project, alice, monkeypatch):
    monkeypatch.setattr("labeling.change_queue.MOST_AT_ONCE", 1)
    monkeypatch.setattr("labeling.change_queue.CHUNK", 2)
    make_documents(project, count=5)

    change(client_of(alice), 2)

    job = Job.objects.get()
    assert (job.state, job.result) == ("done", {"Documents": 5})
    assert Slot.objects.count() == 10


def test_it_waits_for_an_import(client_of, project, alice):
    Job.objects.create(project=project, kind="import_documents")

    response = change(client_of(alice), 2)

    project.refresh_from_db()
    assert response.status_code == 422
    assert project.overlap == 1
