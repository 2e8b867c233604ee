import uuid

import pytest

from labeling.models import (
    Annotation,
    AnnotationState,
    Answer,
    Draft,
    Event,
    EventKind,
    SlotState,
)
from labeling.queue import lease_next
from labeling.skip import SkipReason, skip
from labeling.submit import Conflict, Submission
from labeling.undo import undo
from projects.models import DocumentState, Role
from tests.factories import answer, make_documents, make_member

pytestmark = pytest.mark.django_db


def skip_it(document, annotator, *, client_id=None, reason=SkipReason.UNCLEAR):
    return skip(
        document=document,
        annotator=annotator,
        reason=reason,
        note="",
        submission=Submission(client_id=client_id or uuid.uuid4()),
    )


def undo_it(project, annotator, client_id=None):
    return undo(project=project, annotator=annotator, client_id=client_id or uuid.uuid4())


def test_a_skipped_document_is_hidden_from_me_and_open_to_others(project, bob, dora):
    [document] = make_documents(project, count=1)
    lease_next(project=project, annotator=bob)

    skip_it(document, bob)

    assert lease_next(project=project, annotator=bob) is None
    assert lease_next(project=project, annotator=dora) == document


def test_the_reason_is_kept(project, bob):
    [document] = make_documents(project, count=1)

    skip_it(document, bob, reason=SkipReason.LANGUAGE)

    assert Event.objects.get().payload["reason"] == "not_in_language"


def test_the_third_skip_hands_the_document_to_the_owner(project, bob, dora, rita, alice):
    [document] = make_documents(project, count=1)

    assert [skip_it(document, person) for person in (bob, dora, rita)] == [False, False, True]

    document.refresh_from_db()
    assert document.state == DocumentState.OWNER
    assert lease_next(project=project, annotator=alice) is None


def test_a_late_third_skip_leaves_an_answered_document_done(project, bob, dora, rita, alice):
    [document] = make_documents(project, count=1)
    skip_it(document, bob)
    skip_it(document, dora)
    answer(document, alice, "Refund")

    assert not skip_it(document, rita)

    document.refresh_from_db()
    assert document.state == DocumentState.DONE


def test_skipping_twice_with_one_id_counts_once(project, bob):
    [document] = make_documents(project, count=1)
    client_id = uuid.uuid4()

    skip_it(document, bob, client_id=client_id)
    skip_it(document, bob, client_id=client_id)

    assert Event.objects.count() == 1


def test_an_answered_document_cannot_be_skipped(project, bob):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")

    with pytest.raises(Conflict):
        skip_it(document, bob)


def test_undo_gives_the_document_back_with_what_was_chosen(project, bob, question):
    [document] = make_documents(project, count=1)
    submitted = answer(document, bob, "Refund")

    assert undo_it(project, bob) == document

    document.refresh_from_db()
    annotation = Annotation.objects.get()
    refund = question.labels.get(name="Refund")
    assert annotation.state == AnnotationState.UNDONE
    assert not Answer.objects.exists()
    assert document.state == DocumentState.OPEN
    assert document.slots.get().state == SlotState.LEASED
    assert Draft.objects.get().payload == {str(question.pk): [refund.pk]}
    assert annotation.last_event.kind == EventKind.UNDO
    assert annotation.last_event.replaces == submitted.event


def test_after_undo_the_queue_serves_that_document_not_the_next(project, bob):
    make_documents(project, count=2)
    first = lease_next(project=project, annotator=bob)
    answer(first, bob, "Refund")
    lease_next(project=project, annotator=bob)

    undo_it(project, bob)

    assert lease_next(project=project, annotator=bob) == first


def test_undo_walks_back_one_by_one(project, bob):
    first, second = make_documents(project, count=2)
    answer(first, bob, "Refund")
    answer(second, bob, "Praise")

    assert undo_it(project, bob) == second
    assert undo_it(project, bob) == first
    assert undo_it(project, bob) is None


def test_undoing_a_change_brings_back_the_answer_before_it(project, bob):
    [document] = make_documents(project, count=1)
    first = answer(document, bob, "Refund")
    answer(document, bob, "Praise", replaces=first.event)

    undo_it(project, bob)

    assert Answer.objects.get().label.name == "Refund"
    assert Annotation.objects.get().state == AnnotationState.SUBMITTED


def test_a_changed_answer_can_be_undone_twice(project, bob):
    [document] = make_documents(project, count=1)
    first = answer(document, bob, "Refund")
    answer(document, bob, "Praise", replaces=first.event)

    undo_it(project, bob)
    undo_it(project, bob)

    assert Annotation.objects.get().state == AnnotationState.UNDONE


def test_one_press_of_undo_sent_twice_undoes_once(project, bob):
    first, second = make_documents(project, count=2)
    answer(first, bob, "Refund")
    answer(second, bob, "Praise")
    client_id = uuid.uuid4()

    assert undo_it(project, bob, client_id) == second
    assert undo_it(project, bob, client_id) == second
    assert Annotation.objects.submitted().get().document == first


def test_undoing_a_third_skip_takes_the_document_back_from_the_owner(project, bob, dora):
    [document] = make_documents(project, count=1)
    rita = make_member(project, "rita2", Role.ANNOTATOR)
    for person in (dora, rita, bob):
        skip_it(document, person)

    undo_it(project, bob)

    document.refresh_from_db()
    assert document.state == DocumentState.OPEN
    assert lease_next(project=project, annotator=bob) == document


def test_undo_never_touches_other_peoples_answers(project, bob, dora):
    first, second = make_documents(project, count=2)
    answer(first, bob, "Refund")
    answer(second, dora, "Praise")

    undo_it(project, bob)

    assert Annotation.objects.submitted().get().annotator == dora


def test_an_answer_undone_and_given_again_counts(project, bob):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    undo_it(project, bob)
    undone = Annotation.objects.get().last_event

    again = answer(document, bob, "Praise", replaces=undone)

    document.refresh_from_db()
    assert not again.surplus
    assert document.state == DocumentState.DONE
