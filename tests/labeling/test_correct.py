import uuid

import pytest

from labeling.chosen import InvalidAnswers
from labeling.correct import correct
from labeling.import_answers import import_answers
from labeling.models import Annotation, Event, EventKind
from labeling.resolved import resolved_answers
from labeling.spans import Span
from labeling.submit import Conflict, Submission, submit
from labeling.undo import undo
from tests.factories import answer, make_documents, make_question

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(project):
    [document] = make_documents(project, "Obama was in Berlin")
    return document


def labels_of(annotation):
    return sorted(answer.label.name for answer in annotation.answers.select_related("label"))


def correct_it(annotation, owner, question, *names, client_id=None, replaces=None):
    chosen = {question.pk: [question.labels.get(name=name).pk for name in names]}
    submission = Submission(
        client_id=client_id or uuid.uuid4(),
        replaces=replaces or annotation.last_event_id,
        active_ms=700,
    )
    return correct(annotation=annotation, owner=owner, chosen=chosen, submission=submission)


def test_the_owners_choice_stands_and_the_persons_stays_in_history(
    project, question, document, alice, bob
):
    given = answer(document, bob, "Refund").event
    annotation = Annotation.objects.get()

    event = correct_it(annotation, alice, question, "Praise")

    assert labels_of(annotation) == ["Praise"]
    assert (event.kind, event.actor, event.annotator) == (EventKind.REVISE, alice, bob)
    assert event.replaces == given
    given.refresh_from_db()
    refund = question.labels.get(name="Refund").pk
    assert given.payload["answers"][str(question.pk)][0]["label"] == refund
    praise = question.labels.get(name="Praise").pk
    assert resolved_answers(project, [document.pk]) == {
        document.pk: {question.pk: frozenset({praise})}
    }


def test_time_and_place_in_the_persons_history_stay_theirs(question, document, alice, bob):
    answer(document, bob, "Refund", active_ms=4000)
    before = Annotation.objects.get()

    event = correct_it(before, alice, question, "Praise")

    after = Annotation.objects.get()
    assert (after.active_ms, after.finished_at) == (4000, before.finished_at)
    assert (after.annotator, after.last_event) == (bob, event)
    assert event.active_ms == 700


def test_sent_twice_it_corrects_once(question, document, alice, bob):
    answer(document, bob, "Refund")
    annotation = Annotation.objects.get()
    client_id = uuid.uuid4()
    first = correct_it(annotation, alice, question, "Praise", client_id=client_id)

    again = correct_it(annotation, alice, question, "Praise", client_id=client_id)

    assert again == first
    assert Event.objects.count() == 2


def test_an_answer_that_changed_meanwhile_is_not_corrected(question, document, alice, bob):
    first = answer(document, bob, "Refund").event
    answer(document, bob, "Praise", replaces=first)
    annotation = Annotation.objects.get()

    with pytest.raises(Conflict, match="changed after the page was loaded"):
        correct_it(annotation, alice, question, "Late delivery", replaces=first.pk)

    assert labels_of(annotation) == ["Praise"]


def test_a_correction_is_checked_like_an_answer(question, document, alice, bob):
    answer(document, bob, "Refund")
    annotation = Annotation.objects.get()

    with pytest.raises(InvalidAnswers, match="choose one label only"):
        correct_it(annotation, alice, question, "Praise", "Refund")

    assert labels_of(annotation) == ["Refund"]


def test_what_stays_keeps_where_it_came_from(project, document, alice, bob):
    project.questions.all().delete()
    spans = make_question(project, "entity", kind="span", labels=["PER", "LOC"], required=False)
    person, place = spans.labels.all()
    kept = Span("text", 0, 5, person.pk)
    added = Span("text", 13, 19, place.pk)
    submit(
        document=document,
        annotator=bob,
        chosen={spans.pk: [kept]},
        submission=Submission(client_id=uuid.uuid4()),
    )
    annotation = Annotation.objects.get()
    suggested = {"label": person.pk, "score": 0.9, "offered": True}
    annotation.answers.update(origin="accepted", suggested=suggested, model_version="live 1.2")

    correct(
        annotation=annotation,
        owner=alice,
        chosen={spans.pk: [added, kept]},
        submission=Submission(client_id=uuid.uuid4(), replaces=annotation.last_event_id),
    )

    rows = annotation.answers.order_by("start")
    assert [(row.quote, row.origin, row.model_version) for row in rows] == [
        ("Obama", "accepted", "live 1.2"),
        ("Berlin", "manual", ""),
    ]
    assert rows[0].suggested == suggested


def test_an_imported_answer_can_be_corrected(project, question, alice):
    [document] = make_documents(project, "Where is it?", state="staged")
    refund = question.labels.get(name="Refund").pk
    import_answers(project=project, rows=[(document, {question.pk: [refund]})], actor=alice)
    annotation = Annotation.objects.get()

    event = correct_it(annotation, alice, question, "Praise")

    assert labels_of(annotation) == ["Praise"]
    assert event.annotator is None


def test_the_persons_undo_does_not_reach_the_owners_act(project, question, alice, bob):
    earlier, document = make_documents(project, "one", "two")
    answer(earlier, bob, "Praise")
    answer(document, bob, "Refund")
    annotation = Annotation.objects.get(document=document)
    correct_it(annotation, alice, question, "Late delivery")

    undone = undo(project=project, annotator=bob, client_id=uuid.uuid4())

    assert undone == earlier
    assert labels_of(annotation) == ["Late delivery"]


def test_undoing_ones_own_change_stops_at_the_correction(project, question, document, alice, bob):
    answer(document, bob, "Refund")
    annotation = Annotation.objects.get()
    event = correct_it(annotation, alice, question, "Late delivery")
    answer(document, bob, "Praise", replaces=event)

    first = undo(project=project, annotator=bob, client_id=uuid.uuid4())
    second = undo(project=project, annotator=bob, client_id=uuid.uuid4())

    assert (first, second) == (document, None)
    assert labels_of(annotation) == ["Late delivery"]


def test_the_person_may_still_change_what_was_corrected(question, document, alice, bob):
    answer(document, bob, "Refund")
    annotation = Annotation.objects.get()
    event = correct_it(annotation, alice, question, "Late delivery")

    answer(document, bob, "Praise", replaces=event)

    assert labels_of(annotation) == ["Praise"]
