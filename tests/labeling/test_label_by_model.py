"""A model's answers: marked, apart from people's, and taken back at once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labeling import queue
from labeling.delete_documents import delete_documents, restore_documents
from labeling.document_answers import answers_about
from labeling.document_history import history_of
from labeling.label_by_model import (
    draw,
    label_by_model,
    model_answers,
    take_back,
    waiting_for_anybody,
)
from labeling.matching import matching
from labeling.merge_labels import merge_labels
from labeling.models import EventKind, ModelAnnotation, Slot, SlotState
from labeling.models.slot import rank_of
from labeling.rerank import rankable, ranked_now
from labeling.resolved import resolved_answers
from projects.models import Document, DocumentState, QueueOrder
from projects.progress import progress_of
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db


def said(question, name="Refund", score=0.9):
    return [{"label": question.labels.get(name=name).pk, "score": score, "offered": True}]


def by_model(question, documents, *, batch=1, actor=None, **fields):
    items = {document.pk: said(question, **fields) for document in documents}
    return label_by_model(
        question=question, items=items, model_version="live 1.2", batch=batch, actor=actor
    )


def states(*documents):
    return [Document.objects.get(pk=document.pk).state for document in documents]


def test_a_model_labels_what_nobody_has_begun(project, question, bob, dora, alice):
    free, answered, held = make_documents(project, "a", "b", "c")
    answer(answered, bob, "Praise")
    Slot.objects.filter(document=held).update(rank=-1)
    assert queue.lease_next(project=project, annotator=dora) == held

    assert by_model(question, [free, answered, held], actor=alice) == 1
    assert states(free, answered, held) == ["model", "done", "open"]
    assert queue.lease_next(project=project, annotator=bob) is None


def test_doing_it_again_does_nothing(project, question):
    documents = make_documents(project, count=2)
    by_model(question, documents)

    assert by_model(question, documents) == 0
    assert ModelAnnotation.objects.count() == 2
    assert project.events.filter(kind=EventKind.MODEL).count() == 2


def test_people_have_not_said_it(project, question):
    documents = make_documents(project, count=2)
    by_model(question, documents)

    assert resolved_answers(project, [each.pk for each in documents]) == {}
    assert not project.annotations.exists()
    progress = progress_of(project)
    assert (progress.done, progress.by_model, progress.open, progress.total) == (0, 2, 0, 2)


def test_taking_back_leaves_everything_as_it_was(project, question, alice):
    documents = make_documents(project, count=3)
    before = list(Slot.objects.order_by("pk").values())
    by_model(question, documents[:2])
    by_model(question, documents[2:], batch=2)

    assert take_back(project=project, batch=1, actor=alice) == 2
    assert take_back(project=project, batch=1, actor=alice) == 0
    assert states(*documents) == ["open", "open", "model"]
    take_back(project=project, batch=2, actor=alice)
    assert list(Slot.objects.order_by("pk").values()) == before
    assert not ModelAnnotation.objects.exists()


def test_a_persons_answer_takes_the_place_of_the_models(project, question, bob):
    [document] = make_documents(project, "a")
    by_model(question, [document])

    submitted = answer(document, bob, "Praise")

    assert not submitted.surplus
    assert states(document) == ["done"]
    assert not ModelAnnotation.objects.exists()
    assert take_back(project=project, batch=1, actor=None) == 0
    assert states(document) == ["done"]


def test_where_two_answers_are_wanted_the_other_is_asked_for_again(project, question, bob, dora):
    project.overlap = 2
    project.save()
    [document] = make_documents(project, "a")
    by_model(question, [document])

    answer(document, bob, "Praise")

    assert states(document) == ["open"]
    assert queue.lease_next(project=project, annotator=dora) == document


def test_answers_are_told_under_the_labels_there_are_now(project, question, alice):
    documents = make_documents(project, count=2)
    by_model(question, documents[:1])
    by_model(question, documents[1:], name="Late delivery")
    refund, praise = (question.labels.get(name=name) for name in ("Refund", "Praise"))
    merge_labels(source=refund, target=praise, owner=alice, tell=lambda _: None)
    question.labels.get(name="Late delivery").delete()

    told = model_answers(project, [each.pk for each in documents])

    assert {pk: answers[question.pk].picks for pk, answers in told.items()} == {
        documents[0].pk: (praise.pk,)
    }
    assert told[documents[0].pk][question.pk].model_version == "live 1.2"


def test_model_answers_cost_the_same_for_many(project, question):
    documents = make_documents(project, count=3)
    by_model(question, documents)
    for n in (1, 3):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            model_answers(project, [each.pk for each in documents[:n]])
        assert len(queries) == 3


def test_a_deleted_document_comes_back_with_its_models_answer(project, question, alice):
    documents = make_documents(project, count=2)
    pks = [each.pk for each in documents]
    by_model(question, documents[:1])
    by_model(question, documents[1:], batch=2)
    delete_documents(project=project, documents=pks, owner=alice)
    take_back(project=project, batch=2, actor=alice)

    restore_documents(project=project, documents=pks, owner=alice)

    assert states(*documents) == ["model", "open"]
    assert not Slot.objects.free().filter(document=documents[0]).exists()
    assert Slot.objects.free().filter(document=documents[1]).exists()


def test_pages_and_filters_say_that_a_model_labelled_it(project, question, alice, client_of):
    one, two = make_documents(project, "a", "b")
    by_model(question, [one], actor=alice)
    one.refresh_from_db()

    assert list(matching(project.documents.published(), {"state": "model"})) == [one]
    about = answers_about(one)
    assert about.by_model.version == "live 1.2"
    assert [item.name for item in about.by_model.said[0].items] == ["Refund"]
    assert answers_about(two).by_model is None
    happened = history_of(one, about.names)[0]
    assert (happened.who, happened.did, happened.what) == (
        alice.shown_name,
        "had a model label it",
        "Refund",
    )
    client = client_of(alice)
    assert "Labelled by a model" in client.get(f"/projects/tickets/documents/{one.pk}/").text
    assert "1 labelled by a model" in client.get("/projects/tickets/").text
    listed = client.get("/projects/tickets/documents/?state=model")
    assert listed.status_code == 200


def test_drawn_documents_come_first_and_are_blind(project, alice, bob):
    project.queue_order = QueueOrder.UNCERTAIN
    project.reserve = 1.0
    project.save()
    make_documents(project, count=3, in_reserve=True)
    others = make_documents(project, count=5)

    chosen = draw(project=project, documents=[others[3].pk, others[4].pk])

    assert sorted(chosen) == [others[3].pk, others[4].pk]
    first = queue.lease_next(project=project, annotator=alice)
    second = queue.lease_next(project=project, annotator=bob)
    assert {first.pk, second.pk} == set(chosen)
    assert first.is_blind
    assert first.split == "calibration"
    assert first.display_coin < second.display_coin


def test_drawing_again_draws_nothing_else(project, bob):
    documents = make_documents(project, count=3)
    pks = [each.pk for each in documents]
    answer(documents[0], bob, "Praise")

    assert sorted(draw(project=project, documents=pks)) == pks[1:]
    assert sorted(draw(project=project, documents=pks)) == pks[1:]
    assert not Document.objects.get(pk=pks[0]).is_drawn


def test_the_models_order_leaves_drawn_documents_where_they_are(project):
    project.queue_order = QueueOrder.UNCERTAIN
    project.save()
    documents = make_documents(project, count=4)
    draw(project=project, documents=[documents[0].pk])

    assert documents[0].pk not in rankable(project=project, sample=10)
    assert ranked_now(project) == 0
    documents[0].refresh_from_db()
    assert rank_of(documents[0], project) == Slot.objects.get(document=documents[0]).rank < 0


@pytest.mark.parametrize("order", QueueOrder.values)
def test_another_order_leaves_drawn_documents_first(project, order):
    from labeling.change_order import change_order

    documents = make_documents(project, count=3, display_coin=0.25)
    draw(project=project, documents=[documents[1].pk])
    project.queue_order = order

    change_order(project=project, documents=documents)

    ranks = dict(Slot.objects.values_list("document", "rank"))
    assert ranks[documents[1].pk] == -0.75
    assert all(rank >= 0 for pk, rank in ranks.items() if pk != documents[1].pk)


def test_another_reserve_leaves_drawn_and_labelled_documents_out(project, question):
    from labeling.change_reserve import begin_epoch, change_reserve

    documents = make_documents(project, count=3)
    draw(project=project, documents=[documents[0].pk])
    by_model(question, documents[1:2])
    begin_epoch(project=project, share=1.0)

    change_reserve(project=project, documents=list(project.documents.order_by("pk")))

    inside = list(project.documents.order_by("pk").values_list("in_reserve", flat=True))
    assert inside == [False, False, True]


def test_what_waits_for_anybody(project, bob, dora):
    documents = make_documents(project, count=4)
    answer(documents[0], bob, "Praise")
    Document.objects.filter(pk=documents[3].pk).update(state=DocumentState.OWNER)
    held = queue.lease_next(project=project, annotator=dora)

    assert list(waiting_for_anybody(project)) == [each for each in documents[1:3] if each != held]
    Slot.objects.filter(state=SlotState.LEASED).update(leased_until="2020-01-01T00:00Z")
    assert list(waiting_for_anybody(project)) == documents[1:3]
