import pytest
from django.utils import timezone

from labeling.import_answers import import_answers
from labeling.models import Annotation, Slot
from labeling.publish import publish
from labeling.queue import lease_next
from projects.models import Document, DocumentState, Job
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db

PAGE = "/projects/tickets/settings/queue"
SAME = {"queue_order": "random", "reserve_percent": "20"}


def change(client, overlap, **more):
    return client.post(
        PAGE, {"overlap": overlap, **SAME, "confirmed": f"{overlap} random 20", **more}
    )


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


def test_fewer_answers_make_the_latest_surplus_and_lose_none(client_of, project, alice, bob, dora):
    project.overlap = 3
    project.save()
    first, second = make_documents(project, count=2)
    answer(first, bob, "Refund")
    answer(first, dora, "Refund")

    change(client_of(alice), 1)

    assert states() == ["done", "open"]
    assert Annotation.objects.submitted().count() == 2
    assert Annotation.objects.counted().get().annotator == bob
    assert (first.slots.count(), second.slots.count()) == (1, 1)


def test_what_became_surplus_counts_again_when_more_are_wanted(
    client_of, project, alice, bob, dora
):
    project.overlap = 2
    project.save()
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    answer(document, dora, "Praise")

    change(client_of(alice), 1)
    change(client_of(alice), 2)

    assert states() == ["done"]
    assert Annotation.objects.counted().count() == 2
    assert set(document.slots.values_list("annotator__username", flat=True)) == {"bob", "dora"}


def test_an_imported_answer_counts_before_those_of_people(client_of, project, question, alice, bob):
    project.overlap = 2
    project.save()
    [document] = make_documents(project, count=1, state="staged")
    Document.objects.update(state="staged")
    Slot.objects.all().delete()
    import_answers(
        project=project,
        rows=[(document, {question.pk: [question.labels.get(name="Praise").pk]})],
        actor=alice,
    )
    publish(project=project, documents=[document])
    answer(document, bob, "Refund")
    Annotation.objects.filter(annotator=None).update(finished_at=timezone.now())

    change(client_of(alice), 1)

    assert Annotation.objects.counted().get().annotator is None
    assert (states(), document.slots.get().annotator) == (["done"], None)


@pytest.mark.parametrize("state", [DocumentState.OWNER, DocumentState.DELETED])
def test_documents_out_of_the_queue_follow_with_closed_places(
    client_of, project, alice, bob, state
):
    [document] = make_documents(project, count=1)
    Document.objects.update(state=state)
    Slot.objects.update(state="closed")

    change(client_of(alice), 3)

    assert [slot.state for slot in document.slots.all()] == ["closed"] * 3
    assert states() == [state]


def test_who_holds_a_document_keeps_it_while_there_is_room(client_of, project, alice, bob):
    project.overlap = 2
    project.save()
    [document] = make_documents(project, count=1)
    lease_next(project=project, annotator=bob)

    change(client_of(alice), 1)

    assert document.slots.get().annotator == bob


def test_who_holds_a_place_that_goes_can_still_answer(client_of, project, alice, bob, dora):
    project.overlap = 2
    project.save()
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    lease_next(project=project, annotator=dora)

    change(client_of(alice), 1)
    answer(document, dora, "Praise")

    assert Annotation.objects.get(annotator=dora).surplus


def test_the_page_says_first_what_would_change_and_changes_nothing(client_of, project, alice, bob):
    first, _second = make_documents(project, count=2)
    answer(first, bob, "Refund")

    page = change(client_of(alice), 2, confirmed="").content.decode()

    assert "2 documents get 1 more place in the queue; 1 that is done goes back" in page
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
