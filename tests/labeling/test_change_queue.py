"""The queue changed while people work in it: nothing is lost, and nothing counts too often."""

import random
import uuid

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labeling.change_queue import change_queue
from labeling.change_reserve import begin_epoch
from labeling.models import Annotation, Event, Slot, SlotState
from labeling.queue import lease_next
from labeling.withdraw import put_back, withdraw
from projects.jobs import run_here
from projects.models import DocumentState, Job, Project, Role
from tests.factories import answer, make_documents, make_member
from tests.labeling.test_concurrency import together
from tests.labeling.test_rules_machine import perform

PEOPLE, DOCUMENTS = 4, 16
PAGE = "/projects/tickets/settings/queue"

acts = st.tuples(
    st.sampled_from(
        ["lease", "submit", "stray", "skip", "undo", "leave", "withdraw", "put_back", "share"]
        + ["overlap"] * 4
    ),
    st.integers(0, 2),
    st.integers(0, 2),
)


def follow(project, **changes):
    """Save these settings and walk over every document, as the page and the job do."""
    if "reserve" in changes:
        begin_epoch(project=project, share=changes.pop("reserve"))
    for name, value in changes.items():
        setattr(project, name, value)
    project.save()
    change_queue(project=project, after=0, tell=lambda after, count: None)


def check_promises(project):
    """Never more that count than are wanted, and the places say the same as the answers."""
    for document in project.documents.all():
        counted = Annotation.objects.counted().filter(document=document)
        slots = Slot.objects.filter(document=document)
        filled = slots.filter(state=SlotState.ANSWERED)
        assert counted.count() <= project.overlap
        assert slots.count() == project.overlap
        assert sorted(filled.values_list("annotator", flat=True)) == sorted(
            counted.values_list("annotator", flat=True)
        )
        if document.state in {DocumentState.OPEN, DocumentState.DONE}:
            assert (document.state == DocumentState.DONE) == (counted.count() == project.overlap)
        assert set(slots.values_list("in_reserve", flat=True)) == {document.in_reserve}


@pytest.mark.django_db
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(acts, max_size=25))
def test_promises_hold_however_often_the_queue_is_changed(project, alice, bob, dora, steps):
    with transaction.atomic():
        documents = make_documents(project, count=3)
        acknowledged: set[uuid.UUID] = set()
        for act, who, which in steps:
            project = Project.objects.get(pk=project.pk)
            document = project.documents.get(pk=documents[which].pk)
            person = (alice, bob, dora)[who]
            given_now = Annotation.objects.submitted().count()
            if act == "overlap":
                follow(project, overlap=who + 1)
            elif act == "share":
                follow(project, reserve=who / 2)
            elif act in {"withdraw", "put_back"}:
                owners_act(act, document, person, alice)
            else:
                acknowledged |= perform(act, person, document)
            if act in {"overlap", "share"}:
                assert Annotation.objects.submitted().count() == given_now
            check_promises(project)
        assert acknowledged <= set(Event.objects.values_list("client_id", flat=True))
        transaction.set_rollback(True)


def owners_act(act, document, person, owner):
    state = "submitted" if act == "withdraw" else "withdrawn"
    found = Annotation.objects.filter(document=document, annotator=person, state=state).first()
    if found and act == "withdraw":
        withdraw(annotation=found, owner=owner, reason="", client_id=uuid.uuid4())
    elif found:
        put_back(annotation=found, owner=owner, client_id=uuid.uuid4())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1)])
def test_a_crowd_answers_while_the_number_wanted_changes(
    project, alice, monkeypatch, before, after
):
    monkeypatch.setattr("labeling.change_queue.CHUNK", 3)
    crowd = [make_member(project, f"worker{n}", Role.ANNOTATOR) for n in range(PEOPLE)]
    Project.objects.update(overlap=before)
    make_documents(Project.objects.get(), count=DOCUMENTS)
    acknowledged: list[uuid.UUID] = []

    def act(person):
        if person == alice:
            for overlap in (after, before, after):
                follow(Project.objects.get(), overlap=overlap)
            return
        chance = random.Random(person.pk)
        for _ in range(DOCUMENTS):
            document = lease_next(project=Project.objects.get(), annotator=person)
            if document is not None:
                client_id = uuid.uuid4()
                answer(document, person, chance.choice(["Refund", "Praise"]), client_id=client_id)
                acknowledged.append(client_id)

    together(act, [alice, *crowd])

    project.refresh_from_db()
    check_promises(project)
    assert set(acknowledged) == set(Event.objects.values_list("client_id", flat=True))
    assert Annotation.objects.submitted().count() == len(acknowledged)
    short = project.documents.filter(state=DocumentState.OPEN)
    assert not Annotation.objects.filter(surplus=True, document__in=short).exists()


@pytest.mark.django_db(transaction=True)
def test_everybody_submits_one_document_while_it_changes(project, alice):
    crowd = [make_member(project, f"worker{n}", Role.ANNOTATOR) for n in range(PEOPLE)]
    [document] = make_documents(project, count=1)

    def act(person):
        if person == alice:
            follow(Project.objects.get(), overlap=2)
        else:
            answer(document, person, "Refund")

    together(act, [alice, *crowd])

    project.refresh_from_db()
    check_promises(project)
    assert Annotation.objects.counted().count() == 2
    assert Annotation.objects.submitted().count() == PEOPLE


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_a_chunk_takes_as_many_queries_for_one_document_as_for_three(project, bob, count):
    for document in make_documents(project, count=count):
        answer(document, bob, "Refund")
    make_documents(project, count=count)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        follow(project, overlap=2, reserve=1.0, queue_order="imported")

    assert len(queries) == 17


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_the_page_counts_in_so_many_queries(client_of, project, alice, bob, count):
    for document in make_documents(project, count=count):
        answer(document, bob, "Refund")
    client = client_of(alice)
    form = {"overlap": "3", "queue_order": "imported", "reserve_percent": "50"}

    with CaptureQueriesContext(connection) as shown:
        client.get(PAGE)
    with CaptureQueriesContext(connection) as asked:
        client.post(PAGE, form)

    assert (len(shown), len(asked)) == (4, 9)


@pytest.mark.django_db
def test_what_was_not_shown_is_not_done(client_of, project, alice):
    make_documents(project, count=1)
    form = {"overlap": "3", "queue_order": "random", "reserve_percent": "20"}

    response = client_of(alice).post(PAGE, {**form, "confirmed": "2 random 20"})

    assert "2 more places" in response.content.decode()
    assert Project.objects.get().overlap == 1


@pytest.mark.django_db
def test_what_a_browser_cannot_mean_is_refused(client_of, project, alice):
    make_documents(project, count=1)
    form = {"overlap": "0", "queue_order": "random", "reserve_percent": "120", "confirmed": "x"}

    response = client_of(alice).post(PAGE, form)

    assert response.status_code == 422
    assert (Project.objects.get().overlap, Project.objects.get().reserve) == (1, 0.2)


@pytest.mark.django_db
def test_a_job_that_was_stopped_goes_on_where_it_was(project, monkeypatch):
    monkeypatch.setattr("labeling.change_queue.CHUNK", 2)
    documents = make_documents(project, count=5)
    Project.objects.update(overlap=3)
    checkpoint = {"after": documents[1].pk, "done": 2}
    job = Job.objects.create(project=project, kind="change_queue", checkpoint=checkpoint)

    run_here(job, lambda done, total, message: None)

    assert (job.state, job.result) == ("done", {"Documents": 5})
    assert [document.slots.count() for document in documents] == [1, 1, 3, 3, 3]
