import uuid

import pytest

from labeling.chosen import InvalidAnswers
from labeling.models import (
    Annotation,
    AnnotationState,
    Answer,
    Draft,
    Event,
    EventKind,
    Exposure,
    Origin,
)
from labeling.models.event import AppendOnly
from labeling.submit import Conflict, Submission, submit
from tests.factories import answer, make_documents, make_question

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(project):
    return make_documents(project, "Where is my money?")[0]


def test_an_answer_is_an_event_and_a_state(document, bob, question):
    submitted = answer(document, bob, "Refund", active_ms=4200)

    annotation = Annotation.objects.get()
    refund = question.labels.get(name="Refund")
    assert submitted.created
    assert annotation.state == AnnotationState.SUBMITTED
    assert annotation.last_event == submitted.event
    assert annotation.active_ms == 4200
    assert annotation.answered_questions == [question.pk]
    assert [row.label for row in annotation.answers.all()] == [refund]
    assert submitted.event.kind == EventKind.CREATE
    assert submitted.event.payload["answers"][str(question.pk)][0]["label"] == refund.pk


def test_sent_twice_is_saved_once(document, bob):
    client_id = uuid.uuid4()

    first = answer(document, bob, "Refund", client_id=client_id)
    second = answer(document, bob, "Refund", client_id=client_id)

    assert first.created
    assert not second.created
    assert second.event == first.event
    assert Event.objects.count() == 1
    assert Answer.objects.count() == 1


def test_a_client_id_is_good_for_one_answer_only(document, bob):
    client_id = uuid.uuid4()
    answer(document, bob, "Refund", client_id=client_id)

    with pytest.raises(Conflict):
        answer(document, bob, "Praise", client_id=client_id)

    assert Answer.objects.get().label.name == "Refund"


def test_a_second_tab_cannot_overwrite_what_it_has_not_seen(document, bob):
    answer(document, bob, "Refund")

    with pytest.raises(Conflict):
        answer(document, bob, "Praise")

    assert Answer.objects.get().label.name == "Refund"


def test_a_change_replaces_the_answer_and_keeps_the_event(document, bob):
    first = answer(document, bob, "Refund")

    second = answer(document, bob, "Praise", replaces=first.event)

    assert second.event.kind == EventKind.REVISE
    assert second.event.replaces == first.event
    assert Answer.objects.get().label.name == "Praise"
    assert Event.objects.count() == 2
    assert not second.surplus


def test_a_required_question_wants_a_label(document, bob, question):
    with pytest.raises(InvalidAnswers) as raised:
        answer(document, bob)

    assert raised.value.errors == {question.pk: "Topic: choose a label, or skip the document."}
    assert Event.objects.count() == 0


def test_single_choice_takes_one_label(document, bob):
    with pytest.raises(InvalidAnswers, match="one label only"):
        answer(document, bob, "Refund", "Praise")


def test_a_label_of_another_question_is_refused(document, bob, project, question):
    other = make_question(project, "tone", labels=["Angry"], required=False)
    foreign = other.labels.get()

    with pytest.raises(InvalidAnswers, match="no longer exists"):
        submit(
            document=document,
            annotator=bob,
            chosen={question.pk: [foreign.pk]},
            submission=Submission(client_id=uuid.uuid4()),
        )


def test_multiple_choice_keeps_every_label(document, bob, question):
    question.multiple = True
    question.save()

    answer(document, bob, "Praise", "Refund")

    assert {row.label.name for row in Answer.objects.all()} == {"Refund", "Praise"}


def test_an_optional_question_may_stay_empty_and_counts_as_answered(document, bob, question):
    question.required = False
    question.save()

    answer(document, bob)

    assert Annotation.objects.get().answered_questions == [question.pk]
    assert Answer.objects.count() == 0


def test_submitting_ends_the_draft(document, bob):
    Draft.objects.create(document=document, annotator=bob, client_id=uuid.uuid4())

    answer(document, bob, "Refund")

    assert not Draft.objects.exists()


def make_exposure(document, annotator, question, label, **fields):
    items = [{"label": label.pk, "score": 0.8, "offered": True}]
    return Exposure.objects.create(
        document=document,
        annotator=annotator,
        question=question,
        items=items,
        model_version="live 3",
        **fields,
    )


@pytest.mark.parametrize(
    ("picked", "origin"), [("Refund", Origin.ACCEPTED), ("Praise", Origin.CHANGED)]
)
def test_provenance_follows_what_was_painted(document, bob, question, picked, origin):
    refund = question.labels.get(name="Refund")
    exposure = make_exposure(document, bob, question, refund, sent_at=document.created_at)

    answer(document, bob, picked, painted=[exposure.pk])

    row = Answer.objects.get()
    assert row.origin == origin
    assert row.model_version == "live 3"
    assert row.suggested == {"label": refund.pk, "score": 0.8, "offered": True}


def test_a_hidden_suggestion_leaves_the_answer_manual(document, bob, question):
    refund = question.labels.get(name="Refund")
    hidden = make_exposure(document, bob, question, refund, sent_at=None, arm="blind")

    submitted = answer(document, bob, "Refund", painted=[hidden.pk])

    assert Answer.objects.get().origin == Origin.MANUAL
    [exposure] = submitted.event.payload["exposures"]
    assert (exposure["sent"], exposure["painted"]) == (False, False)


def test_what_was_sent_but_never_painted_leaves_the_answer_manual(document, bob, question):
    refund = question.labels.get(name="Refund")
    make_exposure(document, bob, question, refund, sent_at=document.created_at)

    submitted = answer(document, bob, "Refund")

    assert Answer.objects.get().origin == Origin.MANUAL
    [exposure] = submitted.event.payload["exposures"]
    assert (exposure["sent"], exposure["painted"]) == (True, False)


def test_another_persons_exposure_paints_nothing(document, bob, dora, question):
    refund = question.labels.get(name="Refund")
    theirs = make_exposure(document, dora, question, refund, sent_at=document.created_at)

    answer(document, bob, "Refund", painted=[theirs.pk])

    theirs.refresh_from_db()
    assert theirs.painted_at is None
    assert Answer.objects.get().origin == Origin.MANUAL


def test_events_can_be_neither_changed_nor_deleted(document, bob):
    event = answer(document, bob, "Refund").event

    with pytest.raises(AppendOnly):
        event.save()
    with pytest.raises(AppendOnly):
        event.delete()
    with pytest.raises(AppendOnly):
        Event.objects.update(kind=EventKind.UNDO)
    with pytest.raises(AppendOnly):
        Event.objects.all().delete()


def test_the_event_names_the_guidelines_in_force(document, bob, project):
    project.guideline_versions.create(number=1, text="old")
    newest = project.guideline_versions.create(number=2, text="new")

    assert answer(document, bob, "Refund").event.guideline == newest
