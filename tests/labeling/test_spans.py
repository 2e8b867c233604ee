"""Spans from a page to rows and events: exact to the code point, or refused with the reason."""

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.chosen import InvalidAnswers, check, chosen_from
from labeling.models import Annotation, Exposure
from labeling.resolved import resolved_answers
from labeling.skip import SkipReason, skip
from labeling.spans import (
    BadSpan,
    Span,
    cuts_a_character,
    first_overlap,
    misplaced,
    quote_of,
    read_span,
)
from labeling.submit import Conflict, Submission, submit
from labeling.undo import undo
from projects.models import QuestionKind
from tests.factories import make_documents, make_question

TORTURE = "Ana\r\nvan\tder e\u0301cole 👩‍👩‍👧 \u200bשלום 東京\r!"  # noqa: RUF001


@pytest.fixture
def entities(project):
    project.questions.all().delete()
    return make_question(
        project, "entities", kind=QuestionKind.SPAN, required=False, labels=("Person", "Place")
    )


@pytest.fixture
def person(entities):
    return entities.labels.get(name="Person")


@pytest.fixture
def place(entities):
    return entities.labels.get(name="Place")


def give(document, annotator, question, *spans, **submission):
    submission.setdefault("client_id", uuid.uuid4())
    return submit(
        document=document,
        annotator=annotator,
        chosen={question.pk: spans},
        submission=Submission(**submission),
    )


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


@given(texts.filter(len), st.data())
def test_a_span_that_lies_in_the_text_is_read_with_its_own_quote(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    sent = {"field": "text", "start": start, "end": end, "label": 1, "quote": text[start:end]}
    span = read_span(json.loads(json.dumps(sent)), {"text": text})
    assert quote_of(span, {"text": text}) == text[start:end]


@given(texts, st.integers(-5, 70), st.integers(-5, 70))
def test_a_span_is_misplaced_exactly_if_it_is_no_part_of_the_text(text, start, end):
    lies_in = 0 <= start < end <= len(text)
    assert (misplaced(Span("text", start, end, 1), {"text": text}) == "") == lies_in


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.integers(1, 4)), max_size=6))
def test_an_overlap_is_found_exactly_if_two_spans_share_a_character(rows):
    spans = {Span(field, start, start + length, 1) for field, start, length in rows}
    shared = any(
        one != two and one.field == two.field and one.start < two.end and two.start < one.end
        for one in spans
        for two in spans
    )
    assert (first_overlap(spans) is not None) == shared


def test_a_quote_that_is_not_in_the_text_there_is_refused():
    sent = {"field": "text", "start": 0, "end": 3, "label": 1, "quote": "Bob"}
    with pytest.raises(BadSpan, match="“Bob” where the text says “Ana”"):
        read_span(sent, {"text": TORTURE})


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        [],
        {},
        {"field": "text", "start": "0", "end": 3, "label": 1},
        {"field": "text", "start": 0, "end": 3},
        {"field": "body", "start": 0, "end": 3, "label": 1},
        {"field": "text", "start": 3, "end": 3, "label": 1},
        {"field": "text", "start": -1, "end": 3, "label": 1},
        {"field": "text", "start": 0, "end": 10**9, "label": 1},
    ],
)
def test_what_is_no_span_of_the_document_is_refused(value):
    with pytest.raises(BadSpan):
        read_span(value, {"text": TORTURE})


@pytest.mark.parametrize(
    ("text", "start", "end", "cuts"),
    [
        ("cafe\u0301 noir", 0, 4, True),
        ("cafe\u0301 noir", 0, 5, False),
        ("👩‍👩‍👧!", 0, 1, True),
        ("👩‍👩‍👧!", 0, 5, False),
        ("a\r\nb", 0, 2, True),
        ("a\r\nb", 1, 3, False),
        ("plain text", 2, 4, False),
        ("🇫🇷🇩🇪", 0, 2, False),
        ("🇫🇷🇩🇪", 1, 3, True),
    ],
)
def test_an_end_inside_a_character_is_noticed(text, start, end, cuts):
    assert cuts_a_character(Span("text", start, end, 1), {"text": text}) == cuts


@pytest.mark.django_db
def test_every_part_of_a_difficult_text_is_stored_as_it_was_marked(project, bob, entities, person):
    [document] = make_documents(project, TORTURE)
    spans = [Span("text", place, place + 1, person.pk) for place in range(len(TORTURE))]
    give(document, bob, entities, *spans)
    rows = Annotation.objects.get().answers.order_by("start")
    assert [row.quote for row in rows] == list(TORTURE)
    assert all(TORTURE[row.start : row.end] == row.quote for row in rows)


@pytest.mark.django_db
def test_a_span_inside_a_character_is_kept_with_a_warning(project, bob, entities, person):
    [document] = make_documents(project, "cafe\u0301 noir")
    submitted = give(document, bob, entities, Span("text", 0, 4, person.pk))
    assert "inside a character" in submitted.warnings[0]
    assert Annotation.objects.get().answers.get().quote == "cafe"


@pytest.mark.django_db
def test_overlapping_spans_are_refused_unless_the_question_allows_them(
    project, bob, entities, person, place
):
    [document] = make_documents(project, "New York Times")
    spans = Span("text", 0, 8, place.pk), Span("text", 0, 14, person.pk)
    with pytest.raises(InvalidAnswers, match="“New York” and “New York Times” overlap"):
        give(document, bob, entities, *spans)
    assert not Annotation.objects.exists()
    entities.overlapping = True
    entities.save()
    give(document, bob, entities, *spans)
    assert Annotation.objects.get().answers.count() == 2


@pytest.mark.django_db
def test_a_label_of_another_question_cannot_be_given_to_a_span(project, bob, entities):
    [document] = make_documents(project, "New York")
    other = make_question(project, "other", required=False).labels.first()
    with pytest.raises(InvalidAnswers, match="no longer exists"):
        give(document, bob, entities, Span("text", 0, 3, other.pk))


@pytest.mark.django_db
def test_no_span_answers_an_optional_question_and_not_a_required_one(project, bob, entities):
    one, two = make_documents(project, count=2)
    give(one, bob, entities)
    assert resolved_answers(project, [one.pk]) == {one.pk: {entities.pk: frozenset()}}
    entities.required = True
    entities.save()
    with pytest.raises(InvalidAnswers, match="mark at least one"):
        give(two, bob, entities)


@pytest.mark.django_db
def test_a_span_is_resolved_when_more_than_half_marked_exactly_it(
    project, bob, dora, alice, entities, person, place
):
    project.overlap = 3
    project.save()
    [document] = make_documents(project, "Ana in Paris")
    ana, paris = Span("text", 0, 3, person.pk), Span("text", 7, 12, place.pk)
    give(document, bob, entities, ana, paris)
    give(document, dora, entities, ana, Span("text", 4, 12, place.pk))
    give(document, alice, entities, paris, Span("text", 0, 3, place.pk))
    assert resolved_answers(project, [document.pk])[document.pk][entities.pk] == {ana, paris}


@pytest.mark.django_db
def test_the_same_submit_twice_is_saved_once_and_another_one_is_a_conflict(
    project, bob, entities, person
):
    [document] = make_documents(project, "Ana in Paris")
    same = uuid.uuid4()
    ana = Span("text", 0, 3, person.pk)
    assert give(document, bob, entities, ana, client_id=same).created
    assert not give(document, bob, entities, ana, client_id=same).created
    with pytest.raises(Conflict):
        give(document, bob, entities, Span("text", 0, 4, person.pk), client_id=same)


@pytest.mark.django_db
def test_undo_gives_the_spans_back_as_a_draft(project, bob, entities, person, client):
    [document] = make_documents(project, "Ana in Paris")
    give(document, bob, entities, Span("text", 0, 3, person.pk))
    undo(project=project, annotator=bob, client_id=uuid.uuid4())
    client.force_login(bob)
    page = client.get(f"/projects/{project.slug}/label/{document.pk}/")
    [block] = [each for each in page.context["sheet"].questions if each.id == entities.pk]
    assert json.loads(block.spans_json) == [
        {"field": "text", "start": 0, "end": 3, "label": person.pk, "quote": "Ana"}
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("start", "end", "origin"),
    [(0, 3, "accepted"), (0, 6, "changed"), (7, 12, "manual")],
)
def test_where_a_span_came_from_is_told_by_what_was_shown(
    project, bob, entities, person, start, end, origin
):
    [document] = make_documents(project, "Ana in Paris")
    item = {
        "field": "text",
        "start": 0,
        "end": 3,
        "label": person.pk,
        "score": 0.9,
        "offered": True,
    }
    shown = Exposure.objects.create(
        document=document,
        annotator=bob,
        question=entities,
        items=[item],
        model_version="m 1",
        sent_at=document.created_at,
    )
    give(document, bob, entities, Span("text", start, end, person.pk), painted=[shown.pk])
    row = Annotation.objects.get().answers.get()
    assert row.origin == origin
    assert row.suggested == (None if origin == "manual" else item)
    assert row.model_version == "m 1"


@pytest.mark.django_db
def test_the_page_posts_spans_as_json(project, bob, entities, person, client):
    [document] = make_documents(project, TORTURE)
    client.force_login(bob)
    spans = [{"field": "text", "start": 5, "end": 8, "label": person.pk, "quote": "van"}]
    response = client.post(
        f"/projects/{project.slug}/label/{document.pk}/submit",
        {"client_id": uuid.uuid4(), f"q-{entities.pk}": json.dumps(spans)},
        headers={"HX-Request": "true"},
    )
    assert response.status_code == 200
    assert Annotation.objects.get().answers.get().quote == "van"


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["{", "3", '["a"]', "[[]]", '[{"start": 1}]'])
def test_a_malformed_post_is_refused_and_saves_nothing(project, bob, entities, client, value):
    [document] = make_documents(project, "Ana")
    client.force_login(bob)
    response = client.post(
        f"/projects/{project.slug}/label/{document.pk}/submit",
        {"client_id": uuid.uuid4(), f"q-{entities.pk}": value},
    )
    assert response.status_code == 422
    assert not Annotation.objects.exists()


@pytest.mark.django_db
def test_choice_and_span_questions_are_answered_together(project, bob, entities, person):
    topic = make_question(project, "topic2", labels=("A", "B"))
    [document] = make_documents(project, "Ana")
    label = topic.labels.get(name="B")
    chosen = {topic.pk: [label.pk], entities.pk: [Span("text", 0, 3, person.pk)]}
    submit(
        document=document,
        annotator=bob,
        chosen=chosen,
        submission=Submission(client_id=uuid.uuid4()),
    )
    assert resolved_answers(project, [document.pk])[document.pk] == {
        pk: frozenset(picks) for pk, picks in chosen.items()
    }


@pytest.mark.django_db
def test_skipping_a_document_with_spans_keeps_nothing(project, bob, entities):
    [document] = make_documents(project, "Ana")
    skip(
        document=document,
        annotator=bob,
        reason=SkipReason.UNCLEAR,
        note="",
        submission=Submission(client_id=uuid.uuid4()),
    )
    assert resolved_answers(project, [document.pk]) == {}


@pytest.mark.django_db
def test_spans_are_put_in_the_order_of_the_text_and_none_stands_twice(project, entities, person):
    late, early = Span("text", 4, 5, person.pk), Span("text", 0, 2, person.pk)
    checked = check({entities.pk: [late, early, late]}, [entities], {"text": "abcdefg"})
    assert checked == {entities.pk: [early, late]}


@pytest.mark.django_db
def test_too_many_spans_are_refused(entities, person):
    text = "x" * 3000
    spans = [Span("text", at, at + 1, person.pk) for at in range(2001)]
    with pytest.raises(InvalidAnswers, match="2,000 is the most"):
        check({entities.pk: spans}, [entities], {"text": text})


@pytest.mark.django_db
def test_a_form_without_the_field_marks_nothing(entities, rf):
    post = rf.post("/").POST
    assert chosen_from(post, [entities], {"text": "x"}) == {entities.pk: []}
