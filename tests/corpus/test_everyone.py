"""Each person's answers as files, and how answers came about."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from io import BytesIO
from uuid import uuid4

import pytest

from corpus.exports.exporting import write_export
from corpus.exports.options import CannotExport, Options
from corpus.versions.freeze import freeze
from labeling.correct import correct
from labeling.models import Annotation, Answer, Exposure
from labeling.skip import SkipReason, skip
from labeling.submit import Submission
from labeling.withdraw import withdraw
from projects.models import Document
from projects.write_guidelines import write_guidelines
from tests.corpus.imports import imported, problems_of
from tests.factories import answer, make_documents, make_project, make_question

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


def exported(project, **options) -> bytes:
    out = BytesIO()
    write_export(out, project=project, options=Options(**options))
    return out.getvalue()


def rows(project, **options) -> list[dict]:
    content = exported(project, format="jsonl", **options)
    return [json.loads(line) for line in content.splitlines()]


def everyone(project, **options) -> list[dict]:
    return rows(project, answers="everyone", **options)


@pytest.fixture
def two_people(project, bob, dora):
    """D-1: bob says Refund, dora Praise. D-2: bob skips."""
    project.overlap = 2
    project.save()
    one, two, _ = make_documents(project, "a", "b", "c", meta={"year": 5})
    answer(one, bob, "Refund", active_ms=1200)
    answer(one, dora, "Praise", active_ms=800)
    skip(
        document=two,
        annotator=bob,
        reason=SkipReason.UNCLEAR,
        note="",
        submission=Submission(client_id=uuid4()),
    )
    Annotation.objects.update(finished_at=AT)
    return one, two


def test_each_answer_is_a_row_with_who_and_when(project, two_people):
    assert everyone(project) == [
        {
            "id": "D-1/bob",
            "text": "a",
            "topic": "Refund",
            "document": "D-1",
            "annotator": "bob",
            "state": "submitted",
            "surplus": False,
            "answered_at": "2026-03-02T10:30:00Z",
            "guideline": None,
            "active_ms": 1200,
            "meta": {"year": 5},
        },
        {
            "id": "D-1/dora",
            "text": "a",
            "topic": "Praise",
            "document": "D-1",
            "annotator": "dora",
            "state": "submitted",
            "surplus": False,
            "answered_at": "2026-03-02T10:30:00Z",
            "guideline": None,
            "active_ms": 800,
            "meta": {"year": 5},
        },
        {
            "id": "D-2/bob",
            "text": "b",
            "topic": None,
            "document": "D-2",
            "annotator": "bob",
            "state": "skipped",
            "surplus": False,
            "answered_at": "2026-03-02T10:30:00Z",
            "guideline": None,
            "active_ms": 0,
            "meta": {"year": 5},
        },
    ]


def test_csv_has_the_same_columns(project, two_people):
    content = exported(project, format="csv", answers="everyone").decode()

    first, *_ = csv.DictReader(io.StringIO(content, newline=""))
    assert first == {
        "id": "D-1/bob",
        "text": "a",
        "topic": "Refund",
        "document": "D-1",
        "annotator": "bob",
        "state": "submitted",
        "surplus": "false",
        "answered_at": "2026-03-02T10:30:00Z",
        "guideline": "null",
        "active_ms": "1200",
        "meta.year": "5",
    }


def test_the_guidelines_an_answer_was_given_under_are_told(project, bob, alice):
    (one,) = make_documents(project, "a")
    write_guidelines(project=project, text="First", author=alice)
    project.refresh_from_db()
    answer(Document.objects.get(pk=one.pk), bob, "Refund")

    assert [row["guideline"] for row in everyone(project)] == [1]


def test_withdrawn_answers_are_told_without_what_they_said(project, two_people, alice):
    annotation = Annotation.objects.get(annotator__username="dora")
    withdraw(annotation=annotation, owner=alice, reason="Test", client_id=uuid4())

    row = everyone(project)[1]

    assert (row["annotator"], row["state"], row["topic"]) == ("dora", "withdrawn", None)


def test_why_somebody_skipped_is_part_of_the_provenance(project, two_people):
    (skipped,) = [row for row in everyone(project, with_provenance=True) if row["text"] == "b"]

    assert skipped["provenance"]["reason"] == "unclear"


def test_answers_taken_back_leave_no_row(project, two_people):
    Annotation.objects.filter(annotator__username="dora").update(state="undone")

    assert [row["id"] for row in everyone(project)] == ["D-1/bob", "D-2/bob"]


def test_documents_without_an_id_are_named_by_their_number(project, bob):
    (one,) = make_documents(project, "a")
    Document.objects.update(external_id="")
    answer(one, bob, "Refund")

    (row,) = everyone(project)

    assert (row["id"], row["document"]) == (f"#{one.pk}/bob", f"#{one.pk}")


def test_imported_answers_are_nobodys(project):
    assert problems_of(imported(project, "id,text,topic\nx,a,Refund\n")) == []

    (row,) = everyone(project)

    assert (row["id"], row["annotator"], row["topic"]) == ("x/(imported)", None, "Refund")


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"annotator": "dora"}, ["D-1/dora"]),
        ({"label": "Praise"}, ["D-1/dora"]),
        ({"state": "open"}, ["D-2/bob"]),
        ({"since": "2026-03-03"}, []),
        ({"until": "2026-03-02", "annotator": "bob"}, ["D-1/bob", "D-2/bob"]),
    ],
)
def test_filters_narrow_the_answers_themselves(project, two_people, filters, ids):
    from corpus.exports.filters import by_name

    named = by_name(filters, project)

    assert [row["id"] for row in everyone(project, filters=named)] == ids


def test_agreement_can_be_asked_for(project, two_people, bob, dora):
    (more,) = make_documents(project, "agreed")
    answer(more, bob, "Refund")
    answer(more, dora, "Refund")

    assert [row["text"] for row in rows(project, filters={"agreed": "yes"})] == ["agreed"]
    assert [row["text"] for row in rows(project, filters={"agreed": "no"})] == ["a"]
    with pytest.raises(CannotExport, match="Whether people agree"):
        everyone(project, filters={"agreed": "yes"})


@pytest.mark.parametrize("format_name", ["csv", "json", "jsonl"])
def test_a_file_of_everyones_answers_is_imported_without_a_bad_row(
    project, two_people, bob, format_name
):
    """Also where a question was added after somebody answered."""
    make_question(project, "tone", labels=["Calm"])
    content = exported(project, format=format_name, answers="everyone", with_provenance=True)
    twin = make_project()
    make_question(twin)
    make_question(twin, "tone", labels=["Calm"])

    source = imported(twin, content, format=format_name)

    assert problems_of(source) == []
    assert (source.documents, source.answers) == (3, 2)
    first = twin.documents.get(external_id="D-1/bob")
    about = {"document": "D-1", "annotator": "bob", "state": "submitted", "active_ms": 1200}
    assert {key: first.meta[key] for key in about} == about
    assert first.meta["provenance"]["questions"]["topic"]["items"][0]["label"] == "Refund"


def shown_a_suggestion(document, person, question, *, painted=True):
    label = question.labels.get(name="Refund")
    Exposure.objects.create(
        document=document,
        annotator=person,
        question=question,
        arm="open",
        items=[{"label": label.pk, "score": 0.75, "offered": True}],
        model_version="live 1.2",
        sent_at=AT,
        painted_at=AT if painted else None,
    )


def test_provenance_tells_arm_items_and_what_was_shown(project, bob, question):
    (one,) = make_documents(project, "a", in_reserve=True, display_coin=0.9)
    shown_a_suggestion(one, bob, question)
    answer(one, bob, "Refund")

    (row,) = everyone(project, with_provenance=True)

    assert row["provenance"] == {
        "arm": "open",
        "corrected_by": None,
        "reason": None,
        "questions": {
            "topic": {
                "items": [
                    {
                        "label": "Refund",
                        "origin": "accepted",
                        "suggested": {"label": "Refund", "score": 0.75, "offered": True},
                        "model": "live 1.2",
                    }
                ],
                "suggestions": [{"model": "live 1.2", "sent": True, "painted": True}],
            }
        },
    }


def test_resolved_answers_tell_the_provenance_of_every_answer_that_counts(project, two_people):
    first, second, third = rows(project, with_provenance=True)

    told = [(each["annotator"], each["arm"]) for each in first["provenance"]]
    assert told == [("bob", "outside"), ("dora", "outside")]
    assert (second["provenance"], third["provenance"]) == ([], [])


def test_a_correction_keeps_what_its_author_was_shown(project, bob, alice, question):
    (one,) = make_documents(project, "a", in_reserve=True, display_coin=0.9)
    shown_a_suggestion(one, bob, question, painted=False)
    answer(one, bob, "Praise")
    for name in ("Refund", "Late delivery"):
        annotation = Annotation.objects.get()
        label = question.labels.get(name=name)
        correct(
            annotation=annotation,
            owner=alice,
            chosen={question.pk: [label.pk]},
            submission=Submission(client_id=uuid4(), replaces=annotation.last_event_id),
        )

    (row,) = everyone(project, with_provenance=True)

    assert row["topic"] == "Late delivery"
    told = row["provenance"]
    assert (told["arm"], told["corrected_by"]) == ("open", "alice")
    assert told["questions"]["topic"]["suggestions"] == [
        {"model": "live 1.2", "sent": True, "painted": False}
    ]


def test_spans_tell_where_they_came_from(db):
    project = make_project(text_fields=["text", "reply"])
    question = make_question(project, "names", kind="span", labels=["PER"], required=False)
    span = {"field": "reply", "start": 0, "end": 5, "label": "PER"}
    row = {"id": "N", "text": "x", "reply": "Obama", "names": [span]}
    assert problems_of(imported(project, json.dumps(row), format="jsonl")) == []
    suggested = {
        "label": question.labels.get().pk,
        "score": 0.5,
        "offered": True,
        "field": "reply",
        "start": 0,
        "end": 4,
    }
    Answer.objects.update(origin="changed", suggested=suggested, model_version="v1")

    (told,) = everyone(project, with_provenance=True)

    assert told["provenance"]["questions"]["names"]["items"] == [
        {
            "field": "reply",
            "start": 0,
            "end": 5,
            "label": "PER",
            "origin": "changed",
            "suggested": {
                "field": "reply",
                "start": 0,
                "end": 4,
                "label": "PER",
                "score": 0.5,
                "offered": True,
            },
            "model": "v1",
        }
    ]


@pytest.mark.parametrize("name", ["annotator", "provenance", "document"])
def test_a_question_named_like_a_further_column_is_refused(project, name):
    make_question(project, name, required=False)

    with pytest.raises(CannotExport, match=f"“{name}”"):
        everyone(project, with_provenance=True)
    assert rows(project) == []


@pytest.mark.parametrize("options", [{"answers": "everyone"}, {"with_provenance": True}])
def test_a_version_holds_nobodys_answers(project, bob, options):
    (one,) = make_documents(project, "a")
    answer(one, bob, "Praise")
    version = freeze(project=project)

    with pytest.raises(CannotExport, match="A dataset version holds what people agreed on"):
        write_export(BytesIO(), project=project, dataset=version, options=Options(**options))


def test_a_version_can_be_narrowed_to_a_split(project, bob):
    for document, split in zip(make_documents(project, "a", "b"), ["train", "test"], strict=True):
        Document.objects.filter(pk=document.pk).update(imported_split=split)
        answer(document, bob, "Refund")
    version, out = freeze(project=project), BytesIO()

    wanted = Options(format="jsonl", filters={"split": "test"})
    written = write_export(out, project=project, dataset=version, options=wanted)

    assert [json.loads(line)["text"] for line in out.getvalue().splitlines()] == ["b"]
    assert written.documents == 1
    wanted = Options(filters={"state": "done"})
    with pytest.raises(CannotExport, match="knows no state, only split"):
        write_export(out, project=project, dataset=version, options=wanted)


@pytest.mark.parametrize("answers", ["everyone", "resolved"])
def test_provenance_is_read_in_a_bounded_number_of_queries(
    project, bob, question, answers, django_assert_max_num_queries
):
    for document in make_documents(project, count=8):
        shown_a_suggestion(document, bob, question)
        answer(document, bob, "Refund")

    with django_assert_max_num_queries(20):
        exported(project, answers=answers, with_provenance=True)
