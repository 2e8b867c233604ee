"""Real threads on the real database: no document is held or answered by too many."""

import threading
import uuid
from collections import Counter

import pytest
from django.db import connections

from labeling.models import Annotation, Event, Slot
from labeling.queue import lease_next
from labeling.submit import Conflict
from projects.models import DocumentState, Role
from tests.factories import answer, make_documents, make_member

PEOPLE, DOCUMENTS = 6, 24


@pytest.fixture
def crowd(project):
    return [make_member(project, f"worker{n}", Role.ANNOTATOR) for n in range(PEOPLE)]


def together(act, people):
    """Run act(person) for all of them at once; raise the first thing that went wrong."""
    failures: list[BaseException] = []
    start = threading.Barrier(len(people))

    def run(person):
        try:
            start.wait(10)
            act(person)
        except BaseException as failure:  # noqa: BLE001 - handed to the test below
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failures:
        raise failures[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("overlap", [1, 2])
def test_a_crowd_answers_everything_once_and_nothing_too_often(project, crowd, overlap):
    project.overlap = overlap
    project.save()
    make_documents(project, count=DOCUMENTS)
    served: Counter[int] = Counter()

    def work(person):
        while (document := lease_next(project=project, annotator=person)) is not None:
            served[document.pk] += 1
            answer(document, person, "Refund")

    together(work, crowd)

    assert set(served.values()) == {overlap}
    assert Annotation.objects.counted().count() == DOCUMENTS * overlap
    assert not Annotation.objects.filter(surplus=True).exists()
    assert project.documents.exclude(state=DocumentState.DONE).count() == 0


@pytest.mark.django_db(transaction=True)
def test_everybody_answers_one_document_and_only_one_counts(project, crowd):
    [document] = make_documents(project, count=1)

    together(lambda person: answer(document, person, "Refund"), crowd)

    assert Annotation.objects.counted().count() == 1
    assert Annotation.objects.submitted().count() == PEOPLE
    assert Event.objects.count() == PEOPLE
    assert Slot.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_submit_sent_many_times_at_once_is_saved_once(project, bob):
    [document] = make_documents(project, count=1)
    client_id = uuid.uuid4()

    together(lambda _: answer(document, bob, "Refund", client_id=client_id), [None] * 5)

    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_disagree_keep_one_answer_and_tell_the_other(project, bob):
    [document] = make_documents(project, count=1)
    outcomes = Counter()

    def submit_as(label):
        try:
            answer(document, bob, label)
            outcomes["saved"] += 1
        except Conflict:
            outcomes["told"] += 1

    together(submit_as, ["Refund", "Praise"])

    assert outcomes == {"saved": 1, "told": 1}
