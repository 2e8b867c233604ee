import uuid

import pytest

from labeling import documents as listing
from labeling.documents import count_of, neighbours, page_of, read_filters
from labeling.matching import BadFilter
from labeling.models import Annotation
from labeling.skip import SkipReason, skip
from labeling.spans import Span
from labeling.submit import Submission, submit
from labeling.withdraw import withdraw
from projects.models import DocumentState
from tests.factories import answer, make_documents, make_question

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(project):
    """A project where two people answer each document."""
    project.overlap = 2
    project.save(update_fields=["overlap"])
    return project


def ids(project, after=0, before=0, **filters):
    page = page_of(project, read_filters(filters, project), after=after, before=before)
    return [row.document.external_id for row in page.rows]


def skip_it(document, annotator):
    submission = Submission(client_id=uuid.uuid4())
    skip(
        document=document,
        annotator=annotator,
        reason=SkipReason.LANGUAGE,
        note="Looks like Finnish",
        submission=submission,
    )


def test_every_document_that_is_in_is_listed_in_the_order_of_import(project):
    make_documents(project, count=2)
    make_documents(project, count=1, state="staged")
    make_documents(project, count=1, state="deleted")
    staged = project.documents.get(external_id="D-3")
    staged.state = DocumentState.STAGED
    staged.save(update_fields=["state"])

    assert ids(project) == ["D-1", "D-2"]
    assert ids(project, state="deleted") == ["D-4"]
    assert count_of(project, {}) == 2


def test_states(project, bob):
    done, skipped, waiting = make_documents(project, count=3)
    answer(done, bob, "Refund")
    skip_it(skipped, bob)
    waiting.state = DocumentState.OWNER
    waiting.save(update_fields=["state"])

    assert ids(project, state="done") == ["D-1"]
    assert ids(project, state="skipped") == ["D-2"]
    assert ids(project, state="open") == ["D-2"]
    assert ids(project, state="owner") == ["D-3"]
    assert ids(project, state="erased") == []


def test_the_text_is_found_in_whatever_case_and_script(project):
    make_documents(project, "Grüße aus KÖLN", "Привет, МИР", "שלום עולם", "100% of_it")

    assert ids(project, text="köln") == ["D-1"]
    assert ids(project, text="мир") == ["D-2"]
    assert ids(project, text="עולם") == ["D-3"]
    assert ids(project, text="0% OF_") == ["D-4"]
    assert ids(project, text="0x") == []


def test_a_document_is_found_by_part_of_its_own_name(project):
    make_documents(project, count=11)

    assert ids(project, id="d-1") == ["D-1", "D-10", "D-11"]


def test_filters_of_answers_narrow_together(shared, bob, dora, question):
    one, two, _ = make_documents(shared, count=3)
    answer(one, bob, "Refund")
    answer(two, bob, "Praise")
    answer(two, dora, "Refund")
    refund = str(question.labels.get(name="Refund").pk)

    assert ids(shared, label=refund) == ["D-1", "D-2"]
    assert ids(shared, label=refund, annotator=str(bob.pk)) == ["D-1"]


def test_unresolved_means_that_no_majority_holds(shared, bob, dora, rita):
    shared.overlap = 3
    shared.save(update_fields=["overlap"])
    differing, outvoted, agreed, alone = make_documents(shared, count=4)
    for document, labels in [
        (differing, ["Refund", "Praise"]),
        (outvoted, ["Refund", "Praise", "Refund"]),
        (agreed, ["Praise", "Praise"]),
        (alone, ["Praise"]),
    ]:
        for person, label in zip([bob, dora, rita], labels, strict=False):
            answer(document, person, label)

    assert ids(shared, agreement="unresolved") == ["D-1"]
    assert count_of(shared, {"agreement": "unresolved"}) is None


def test_spans_that_differ_in_place_are_unresolved(shared, bob, dora):
    shared.questions.all().delete()
    question = make_question(shared, "who", kind="span", labels=["PER"], required=False)
    label = question.labels.get().pk
    differing, agreed, against_none = make_documents(shared, "Ann met Bo", "Ann met Bo", "Ann")

    def mark(document, person, *places):
        spans = [Span("text", start, end, label) for start, end in places]
        submission = Submission(client_id=uuid.uuid4())
        submit(
            document=document,
            annotator=person,
            chosen={question.pk: spans},
            submission=submission,
        )

    mark(differing, bob, (0, 3))
    mark(differing, dora, (0, 2))
    mark(agreed, bob, (0, 3), (8, 10))
    mark(agreed, dora, (0, 3), (8, 10))
    mark(against_none, bob, (0, 3))
    mark(against_none, dora)

    assert ids(shared, agreement="unresolved") == ["D-1", "D-3"]
    [row] = page_of(shared, {"state": "done", "id": "D-2"}).rows
    assert [(chip.name, chip.times, chip.agreed) for chip in row.chips] == [("PER", 2, True)]


def test_a_withdrawn_answer_makes_nothing_unresolved(shared, alice, bob, dora):
    [document] = make_documents(shared, count=1)
    answer(document, bob, "Refund")
    answer(document, dora, "Praise")
    withdraw(
        annotation=Annotation.objects.get(annotator=dora),
        owner=alice,
        reason="",
        client_id=uuid.uuid4(),
    )

    assert ids(shared, agreement="unresolved") == []


@pytest.mark.parametrize(
    "filters",
    [
        {"state": "lost"},
        {"label": "999"},
        {"annotator": "x"},
        {"arm": "grey"},
        {"agreement": "some"},
        {"text": "a\0"},
    ],
)
def test_a_filter_that_means_nothing_is_refused(project, filters):
    with pytest.raises(BadFilter):
        read_filters(filters, project)


def test_pages_follow_each_other_both_ways(project, monkeypatch):
    monkeypatch.setattr(listing, "PAGE", 2)
    documents = make_documents(project, count=5)
    pks = [document.pk for document in documents]

    first = page_of(project, {})
    second = page_of(project, {}, after=first.after)
    third = page_of(project, {}, after=second.after)
    back = page_of(project, {}, before=third.before)

    assert [(page.before, page.after) for page in (first, second, third, back)] == [
        (0, pks[1]),
        (pks[2], pks[3]),
        (pks[4], 0),
        (pks[2], pks[3]),
    ]
    assert [row.document.pk for row in back.rows] == pks[2:4]
    assert page_of(project, {}, before=back.before).before == 0


def test_the_count_stops_where_counting_gets_long(project, monkeypatch):
    monkeypatch.setattr(listing, "MOST_COUNTED", 2)
    make_documents(project, count=5)

    assert count_of(project, {}) == 3


def test_neighbours_are_those_of_the_filtered_list(project, bob):
    one, two, three = make_documents(project, count=3)
    answer(one, bob, "Refund")
    answer(three, bob, "Refund")

    assert neighbours(project, {}, two) == (one.pk, three.pk)
    assert neighbours(project, {"state": "done"}, one) == (None, three.pk)


def test_an_excerpt_begins_near_what_was_looked_for(project):
    make_documents(project, "x " * 200 + "needle in\n the  hay " + "y " * 200)

    [row] = page_of(project, {"text": "NEEDLE"}).rows

    assert row.excerpt.startswith("…x x")
    assert "needle in the hay" in row.excerpt
    assert row.excerpt.endswith("…")


def test_a_row_shows_what_people_agree_on_or_what_each_said(shared, bob, dora):
    agreed, differing, skipped = make_documents(shared, count=3)
    answer(agreed, bob, "Refund")
    answer(agreed, dora, "Refund")
    answer(differing, bob, "Refund")
    answer(differing, dora, "Praise")
    skip_it(skipped, bob)

    rows = page_of(shared, {}).rows

    assert [[(chip.name, chip.times, chip.agreed) for chip in row.chips] for row in rows] == [
        [("Refund", 1, True)],
        [("Refund", 1, False), ("Praise", 1, False)],
        [],
    ]
    assert [(row.people, row.skips, row.unresolved) for row in rows] == [
        (2, 0, False),
        (2, 0, True),
        (0, 1, False),
    ]
