"""Leases, submits, skips and undos in any order keep the promises of the queue."""

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labeling.models import Annotation, AnnotationState, Event, Slot, SlotState
from labeling.queue import give_back, lease_next
from labeling.skip import SkipReason, skip
from labeling.submit import Conflict, Submission
from labeling.undo import undo
from projects.models import DocumentState
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db

acts = st.tuples(
    st.sampled_from(["lease", "submit", "stray", "skip", "undo", "expire", "leave"]),
    st.integers(0, 2),
    st.integers(0, 2),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(overlap=st.integers(1, 2), steps=st.lists(acts, max_size=25))
def test_promises_hold_whatever_people_do(project, alice, bob, dora, overlap, steps):
    with transaction.atomic():
        project.overlap = overlap
        project.save()
        documents = make_documents(project, count=3)
        acknowledged: set[uuid.UUID] = set()
        for act, who, which in steps:
            acknowledged |= perform(act, (alice, bob, dora)[who], documents[which])
            check_promises(project, overlap)
        assert acknowledged <= set(Event.objects.values_list("client_id", flat=True))
        transaction.set_rollback(True)


def perform(act, person, document):
    client_id = uuid.uuid4()
    project = document.project
    if act == "expire":
        Slot.objects.leased().update(leased_until=timezone.now() - timedelta(seconds=1))
    elif act == "leave":
        give_back(project=project, annotator=person)
    elif act == "undo":
        if undo(project=project, annotator=person, client_id=client_id):
            return {client_id}
    elif act == "lease":
        lease_next(project=project, annotator=person)
    else:
        target = document if act == "stray" else lease_next(project=project, annotator=person)
        if target is not None:
            return answered(act, target, person, client_id)
    return set()


def answered(act, document, person, client_id):
    mine = Annotation.objects.filter(document=document, annotator=person).first()
    try:
        if act == "skip":
            submission = Submission(client_id=client_id)
            skip(
                document=document,
                annotator=person,
                reason=SkipReason.OTHER,
                note="",
                submission=submission,
            )
        else:
            replaces = mine.last_event if mine else None
            answer(document, person, "Refund", client_id=client_id, replaces=replaces)
    except Conflict:
        return set()
    return {client_id}


def check_promises(project, overlap):
    for document in project.documents.all():
        counted = Annotation.objects.counted().filter(document=document)
        slots = Slot.objects.filter(document=document)
        assert counted.count() <= overlap
        assert slots.count() == overlap
        assert slots.filter(state=SlotState.ANSWERED).count() == counted.count()
        if document.state == DocumentState.DONE:
            assert counted.count() == overlap
    for annotation in Annotation.objects.exclude(state=AnnotationState.UNDONE):
        assert annotation.last_event is not None
        held = Slot.objects.filter(document=annotation.document, annotator=annotation.annotator)
        assert not held.filter(state=SlotState.LEASED).exists()
