import uuid

import pytest

from labeling.jobs import merge_labels as _registered
from labeling.merge_labels import consequences_of, merge_labels
from labeling.models import Answer, Draft, Event, EventKind
from labeling.resolved import resolved_answers
from labeling.spans import Span
from labeling.submit import Submission, submit
from labeling.undo import undo
from projects import jobs
from projects.models import Job, Label
from tests.factories import answer, make_documents, make_question

pytestmark = pytest.mark.django_db


def named(question, name):
    return question.labels.get(name=name)


def merge(question, source, target, owner):
    return merge_labels(
        source=named(question, source),
        target=named(question, target),
        owner=owner,
        tell=lambda documents: None,
    )


def test_answers_move_and_one_event_a_document_says_so(project, question, alice, bob, dora):
    project.overlap = 2
    project.save()
    first, second, third = make_documents(project, count=3)
    answer(first, bob, "Refund")
    answer(first, dora, "Refund")
    answer(second, bob, "Refund")
    answer(third, bob, "Praise")
    refund, late = named(question, "Refund"), named(question, "Late delivery")

    assert merge(question, "Refund", "Late delivery", alice) == 2

    assert set(Answer.objects.values_list("label__name", flat=True)) == {"Late delivery", "Praise"}
    merges = Event.objects.filter(kind=EventKind.MERGE)
    assert [event.document for event in merges] == [first, second]
    assert merges[0].actor == alice
    assert merges[0].payload["from"] == {"id": refund.pk, "name": "Refund"}
    assert not Label.objects.filter(pk=refund.pk).exists()
    assert resolved_answers(project, [first.pk]) == {first.pk: {question.pk: {late.pk}}}


def test_who_chose_both_holds_one(project, question, alice, bob):
    question.multiple = True
    question.save()
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund", "Praise", "Late delivery")

    merge(question, "Refund", "Praise", alice)

    assert sorted(Answer.objects.values_list("label__name", flat=True)) == [
        "Late delivery",
        "Praise",
    ]


def test_identical_spans_become_one_and_others_stay(project, question, alice, bob):
    question.delete()
    spans = make_question(project, "names", kind="span", overlapping=True, labels=["A", "B"])
    [document] = make_documents(project, "Ada met Bo.")
    a, b = spans.labels.all()
    chosen = {
        spans.pk: [Span("text", 0, 3, a.pk), Span("text", 0, 3, b.pk), Span("text", 8, 10, a.pk)]
    }
    submit(
        document=document,
        annotator=bob,
        chosen=chosen,
        submission=Submission(client_id=uuid.uuid4()),
    )

    merge(spans, "A", "B", alice)

    held = Answer.objects.order_by("start").values_list("start", "end", "quote", "label__name")
    assert list(held) == [(0, 3, "Ada", "B"), (8, 10, "Bo", "B")]


def test_drafts_follow(project, question, alice, bob):
    [document] = make_documents(project, count=1)
    refund, praise = named(question, "Refund"), named(question, "Praise")
    Draft.objects.create(
        document=document,
        annotator=bob,
        client_id=uuid.uuid4(),
        payload={str(question.pk): [refund.pk, praise.pk]},
    )

    merge(question, "Refund", "Praise", alice)

    assert Draft.objects.get().payload == {str(question.pk): [praise.pk]}


def test_an_answer_sent_from_an_older_page_is_kept_under_the_new_label(
    project, question, alice, bob
):
    early, late = make_documents(project, count=2)
    answer(early, bob, "Refund")
    refund = named(question, "Refund")
    merge(question, "Refund", "Praise", alice)
    merge(question, "Praise", "Late delivery", alice)

    submit(
        document=late,
        annotator=bob,
        chosen={question.pk: [refund.pk]},
        submission=Submission(client_id=uuid.uuid4()),
    )

    assert late.annotations.get().answers.get().label.name == "Late delivery"


def test_a_change_is_undone_to_the_label_that_stands_now(project, question, alice, bob):
    [document] = make_documents(project, count=1)
    first = answer(document, bob, "Refund")
    answer(document, bob, "Praise", replaces=first.event)
    other = make_documents(project, count=1)[0]
    answer(other, alice, "Refund")
    merge(question, "Refund", "Late delivery", alice)

    undo(project=project, annotator=bob, client_id=uuid.uuid4())

    assert document.annotations.get().answers.get().label.name == "Late delivery"


def test_the_page_says_what_moves_and_moves_it(client_of, project, question, alice, bob):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    url = f"/projects/tickets/labels/{named(question, 'Refund').pk}/merge"

    page = client_of(alice).get(url).content.decode()
    nothing = client_of(alice).post(url, {"into": "x"})
    client_of(alice).post(url, {"into": named(question, "Praise").pk})

    assert "1 answer in 1 document</strong>, by 1 person" in page
    assert nothing.status_code == 422
    assert document.annotations.get().answers.get().label.name == "Praise"


def test_a_large_merge_is_a_job(client_of, project, question, alice, bob, monkeypatch):
    monkeypatch.setattr("labeling.merge_labels.MOST_AT_ONCE", 1)
    monkeypatch.setattr("labeling.merge_labels.CHUNK", 1)
    for document in make_documents(project, count=3):
        answer(document, bob, "Refund")
    source, target = named(question, "Refund"), named(question, "Praise")
    assert consequences_of(source).answers == 3

    client_of(alice).post(f"/projects/tickets/labels/{source.pk}/merge", {"into": target.pk})
    job = Job.objects.get(kind=_registered.__name__)
    jobs.claim_and_run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.error, job.result) == ("done", "", {"Documents": 3})
    assert target.answers.count() == 3
