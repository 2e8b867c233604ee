import uuid

import pytest

from labeling import delete_documents as act
from labeling.delete_documents import (
    consequences_of,
    delete_documents,
    requeue_documents,
    restore_documents,
)
from labeling.models import Annotation, Event, EventKind, SlotState
from labeling.queue import lease_next
from labeling.sheet import history_of
from labeling.skip import SkipReason, skip
from labeling.submit import Submission
from labeling.undo import undo
from projects.models import DocumentState, Role
from projects.progress import progress_of
from tests.factories import answer, make_documents, make_member, make_project

pytestmark = pytest.mark.django_db


def state_of(document):
    document.refresh_from_db()
    return document.state


def skip_it(document, annotator):
    submission = Submission(client_id=uuid.uuid4())
    skip(
        document=document,
        annotator=annotator,
        reason=SkipReason.BROKEN,
        note="",
        submission=submission,
    )


def test_deleted_documents_are_out_of_queue_and_counts_and_keep_their_answers(
    project, alice, bob, dora
):
    answered, held, kept = make_documents(project, count=3)
    answer(answered, bob, "Refund")

    gone = delete_documents(project=project, documents=[answered.pk, held.pk], owner=alice)

    assert gone == 2
    assert [state_of(each) for each in (answered, held, kept)] == ["deleted", "deleted", "open"]
    assert lease_next(project=project, annotator=dora) == kept
    assert progress_of(project).total == 1
    assert Annotation.objects.get().answers.get().label.name == "Refund"


def test_a_lease_ends_with_the_document(project, alice, bob):
    [document] = make_documents(project, count=1)
    lease_next(project=project, annotator=bob)

    delete_documents(project=project, documents=[document.pk], owner=alice)

    slot = document.slots.get()
    assert (slot.state, slot.annotator, slot.leased_until) == (SlotState.CLOSED, None, None)
    assert lease_next(project=project, annotator=bob) is None


def test_each_document_has_its_event_with_owner_and_reason(project, alice):
    documents = make_documents(project, count=2)
    pks = [document.pk for document in documents]

    delete_documents(project=project, documents=pks, owner=alice, reason="Test data")

    events = Event.objects.filter(kind=EventKind.DELETE).order_by("document")
    assert [(event.document_id, event.actor, event.payload) for event in events] == [
        (pk, alice, {"state": "open", "reason": "Test data"}) for pk in pks
    ]


def test_deleting_again_changes_nothing(project, alice):
    [document] = make_documents(project, count=1)
    delete_documents(project=project, documents=[document.pk], owner=alice)

    assert delete_documents(project=project, documents=[document.pk], owner=alice) == 0
    assert Event.objects.count() == 1


def test_documents_of_another_project_are_left_alone(project, alice):
    elsewhere = make_project(slug="elsewhere")
    [theirs] = make_documents(elsewhere, count=1)

    assert delete_documents(project=project, documents=[theirs.pk], owner=alice) == 0
    assert state_of(theirs) == "open"


def test_many_are_deleted_in_chunks(project, alice, monkeypatch):
    monkeypatch.setattr(act, "CHUNK", 2)
    documents = make_documents(project, count=5)
    pks = [document.pk for document in documents]

    assert consequences_of(project=project, documents=pks).documents == 5
    assert delete_documents(project=project, documents=pks, owner=alice) == 5
    assert restore_documents(project=project, documents=pks, owner=alice) == 5
    assert {state_of(document) for document in documents} == {"open"}


def test_a_restored_document_is_where_it_was(project, alice, bob, dora):
    answered, waiting, with_owner = documents = make_documents(project, count=3)
    answer(answered, bob, "Refund")
    for name in ("one", "two", "three"):
        skip_it(with_owner, make_member(project, name, Role.ANNOTATOR))
    pks = [document.pk for document in documents]
    delete_documents(project=project, documents=pks, owner=alice)

    back = restore_documents(project=project, documents=pks, owner=alice)

    assert back == 3
    assert [state_of(document) for document in documents] == ["done", "open", "owner"]
    assert lease_next(project=project, annotator=dora) == waiting
    assert with_owner.slots.get().state == SlotState.CLOSED
    assert Event.objects.filter(kind=EventKind.RESTORE).count() == 3


def test_what_was_answered_comes_back_with_its_answers_in_the_queue_for_the_rest(
    alice, bob, dora, project
):
    project.overlap = 2
    project.save(update_fields=["overlap"])
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    delete_documents(project=project, documents=[document.pk], owner=alice)

    restore_documents(project=project, documents=[document.pk], owner=alice)

    assert state_of(document) == DocumentState.OPEN
    assert lease_next(project=project, annotator=bob) is None
    assert lease_next(project=project, annotator=dora) == document


def test_the_consequences_say_how_much_goes(project, alice, bob, dora):
    answered, held, kept = make_documents(project, count=3)
    answer(answered, bob, "Refund")
    answer(answered, dora, "Praise")
    lease_next(project=project, annotator=dora)

    found = consequences_of(project=project, documents=[answered.pk, held.pk, kept.pk])

    assert (found.documents, found.answers, found.in_hand) == (3, 2, 1)


def test_a_deleted_document_is_no_mark_at_the_foot_and_no_undo(project, alice, bob):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    delete_documents(project=project, documents=[document.pk], owner=alice)

    assert history_of(project, bob) == []
    assert undo(project=project, annotator=bob, client_id=uuid.uuid4()) is None
    assert Annotation.objects.get().state == "submitted"


def test_a_document_with_the_owner_goes_back_to_the_queue(project, alice, dora):
    [document] = make_documents(project, count=1)
    for name in ("one", "two", "three"):
        skip_it(document, make_member(project, name, Role.ANNOTATOR))
    assert state_of(document) == "owner"

    assert requeue_documents(project=project, documents=[document.pk]) == 1

    assert state_of(document) == "open"
    assert lease_next(project=project, annotator=dora) == document
