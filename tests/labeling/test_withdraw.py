import uuid

import pytest

from labeling.import_answers import import_answers
from labeling.models import Annotation, AnnotationState, Event, EventKind, SlotState
from labeling.publish import publish
from labeling.queue import lease_next
from labeling.resolved import resolved_answers
from labeling.skip import SkipReason, skip
from labeling.submit import Conflict, Submission
from labeling.undo import undo
from labeling.withdraw import put_back, withdraw
from projects.models import DocumentState
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(project):
    [document] = make_documents(project, count=1)
    return document


def withdraw_it(annotation, owner, client_id=None, reason="A misreading"):
    client_id = client_id or uuid.uuid4()
    return withdraw(annotation=annotation, owner=owner, reason=reason, client_id=client_id)


def put_it_back(annotation, owner):
    return put_back(annotation=annotation, owner=owner, client_id=uuid.uuid4())


def state_of(document):
    document.refresh_from_db()
    return document.state


def test_a_withdrawn_answer_counts_no_more_and_stays_readable(project, document, alice, bob):
    answer(document, bob, "Refund")
    annotation = Annotation.objects.get()

    event = withdraw_it(annotation, alice)

    annotation.refresh_from_db()
    assert annotation.state == AnnotationState.WITHDRAWN
    assert annotation.answers.get().label.name == "Refund"
    assert resolved_answers(project, [document.pk]) == {}
    assert (event.kind, event.actor, event.annotator) == (EventKind.WITHDRAW, alice, bob)
    assert event.payload == {"reason": "A misreading"}


def test_its_place_is_free_for_others_but_not_for_the_same_person(
    project, document, alice, bob, dora
):
    answer(document, bob, "Refund")
    assert state_of(document) == DocumentState.DONE

    withdraw_it(Annotation.objects.get(), alice)

    assert state_of(document) == DocumentState.OPEN
    assert lease_next(project=project, annotator=bob) is None
    assert lease_next(project=project, annotator=dora) == document
    answer(document, dora, "Praise")
    assert state_of(document) == DocumentState.DONE


def test_the_person_is_told_and_can_neither_answer_nor_skip_it(
    client_of, project, document, alice, bob
):
    answer(document, bob, "Refund")
    event = withdraw_it(Annotation.objects.get(), alice)
    own_page = f"/projects/tickets/label/{document.pk}/"

    page = client_of(bob).get(own_page).content.decode()
    assert "An owner withdrew your answer to this document." in page
    with pytest.raises(Conflict, match="withdrew your answer"):
        answer(document, bob, "Praise", replaces=event)
    with pytest.raises(Conflict, match="withdrew your answer"):
        skip(
            document=document,
            annotator=bob,
            reason=SkipReason.UNCLEAR,
            note="",
            submission=Submission(client_id=uuid.uuid4()),
        )
    assert Annotation.objects.get().state == AnnotationState.WITHDRAWN


def test_undo_does_not_reach_a_withdrawn_answer(project, document, alice, bob):
    answer(document, bob, "Refund")
    withdraw_it(Annotation.objects.get(), alice)

    assert undo(project=project, annotator=bob, client_id=uuid.uuid4()) is None
    assert Annotation.objects.get().state == AnnotationState.WITHDRAWN


def test_sent_twice_it_withdraws_once(document, alice, bob):
    answer(document, bob, "Refund")
    client_id = uuid.uuid4()
    first = withdraw_it(Annotation.objects.get(), alice, client_id)

    assert withdraw_it(Annotation.objects.get(), alice, client_id) == first
    assert Event.objects.count() == 2


def test_what_does_not_stand_is_not_withdrawn(document, alice, bob):
    answer(document, bob, "Refund")
    annotation = Annotation.objects.get()
    withdraw_it(annotation, alice)

    with pytest.raises(Conflict, match="nothing to withdraw"):
        withdraw_it(annotation, alice)


def test_withdrawing_a_surplus_answer_leaves_the_document_done(document, alice, bob, dora):
    answer(document, bob, "Refund")
    answer(document, dora, "Praise")
    surplus = Annotation.objects.get(annotator=dora)
    assert surplus.surplus

    withdraw_it(surplus, alice)

    assert state_of(document) == DocumentState.DONE


def test_an_imported_answer_can_be_withdrawn_and_put_back(project, question, alice, dora):
    [document] = make_documents(project, count=1, state="staged")
    document.state = DocumentState.STAGED
    document.save(update_fields=["state"])
    document.slots.all().delete()
    refund = question.labels.get(name="Refund").pk
    import_answers(project=project, rows=[(document, {question.pk: [refund]})], actor=alice)
    publish(project=project, documents=[document])
    assert state_of(document) == DocumentState.DONE
    annotation = Annotation.objects.get()

    withdraw_it(annotation, alice)
    assert state_of(document) == DocumentState.OPEN
    assert lease_next(project=project, annotator=dora) == document
    put_it_back(annotation, alice)

    assert state_of(document) == DocumentState.DONE
    assert document.slots.get().state == SlotState.ANSWERED


def test_put_back_it_counts_again(project, question, document, alice, bob):
    answer(document, bob, "Refund")
    annotation = Annotation.objects.get()
    withdraw_it(annotation, alice)

    event = put_it_back(annotation, alice)

    annotation.refresh_from_db()
    assert (annotation.state, annotation.surplus) == (AnnotationState.SUBMITTED, False)
    assert state_of(document) == DocumentState.DONE
    refund = question.labels.get(name="Refund").pk
    assert resolved_answers(project, [document.pk])[document.pk] == {
        question.pk: frozenset({refund})
    }
    assert event.kind == EventKind.RESTORE
    assert event.payload["answers"][str(question.pk)][0]["label"] == refund


def test_put_back_after_others_answered_it_is_surplus(document, alice, bob, dora):
    answer(document, bob, "Refund")
    annotation = Annotation.objects.get()
    withdraw_it(annotation, alice)
    answer(document, dora, "Praise")

    put_it_back(annotation, alice)

    annotation.refresh_from_db()
    assert annotation.surplus
    assert state_of(document) == DocumentState.DONE


def test_a_change_after_it_was_put_back_can_be_undone(project, document, alice, bob):
    answer(document, bob, "Refund")
    annotation = Annotation.objects.get()
    withdraw_it(annotation, alice)
    event = put_it_back(annotation, alice)
    answer(document, bob, "Praise", replaces=event)

    undo(project=project, annotator=bob, client_id=uuid.uuid4())

    assert annotation.answers.get().label.name == "Refund"


def test_only_what_was_withdrawn_is_put_back(document, alice, bob):
    answer(document, bob, "Refund")

    with pytest.raises(Conflict, match="not withdrawn"):
        put_it_back(Annotation.objects.get(), alice)


def test_withdrawing_where_the_owner_has_the_document_keeps_it_with_the_owner(
    project, document, alice, bob
):
    project.overlap = 2
    answer(document, bob, "Refund")
    document.refresh_from_db()
    document.state = DocumentState.OWNER
    document.save(update_fields=["state"])
    annotation = Annotation.objects.get()

    withdraw_it(annotation, alice)
    assert document.slots.get().state == SlotState.CLOSED
    put_it_back(annotation, alice)

    assert state_of(document) == DocumentState.OWNER
    assert document.slots.get().state == SlotState.ANSWERED
