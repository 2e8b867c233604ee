"""Spans from a file into the project and out again."""

import io
import json
import uuid

import pytest

from corpus.contents import Contents
from corpus.formats import FORMATS
from corpus.models import ImportedPrediction
from corpus.record import SpanValue
from labeling.models import Answer, Event
from labeling.spans import Span
from labeling.submit import Submission, submit
from projects.models import QuestionKind
from tests.corpus.imports import imported, problems_of
from tests.factories import make_documents, make_project, make_question, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    project = make_project(slug="names", reserve=0)
    make_question(
        project, "entities", labels=("PER", "LOC"), kind=QuestionKind.SPAN, required=False
    )
    return project


def written(project, kind):
    contents = Contents(project)
    out = io.BytesIO()
    FORMATS[kind].write(contents.records(), contents.layout(), out)
    return out.getvalue().decode()


LINES = (
    '{"id": "1", "text": "Ana 😀 met\\r\\nBob.", "entities": ['
    '{"start": 0, "end": 3, "label": "PER"}, {"start": 11, "end": 14, "label": "PER"}], '
    '"meta": {}}\n'
    '{"id": "2", "text": "Nobody.", "entities": [], "meta": {"n": 1}}\n'
    '{"id": "3", "text": "Not read yet.", "entities": null, "meta": {}}\n'
)


def test_spans_become_answers_with_their_quotes_and_events(project):
    source = imported(project, LINES, format="jsonl")

    assert (source.documents, source.answers, problems_of(source)) == (3, 2, [])
    rows = Answer.objects.order_by("pk").values_list("field", "start", "end", "quote", "origin")
    assert list(rows) == [
        ("text", 0, 3, "Ana", "imported"),
        ("text", 11, 14, "Bob", "imported"),
    ]
    first = Event.objects.order_by("pk").first()
    (items,) = first.payload["answers"].values()
    assert items[1]["quote"] == "Bob"


@pytest.mark.parametrize("kind", ["json", "jsonl", "csv"])
def test_what_went_out_comes_in_elsewhere_and_goes_out_the_same(project, kind):
    imported(project, LINES, format="jsonl")
    first = written(project, kind)
    other = make_project(reserve=0)
    make_question(other, "entities", labels=(), kind=QuestionKind.SPAN, required=False)

    source = imported(other, first, format=kind, create_labels=True)

    assert problems_of(source) == []
    assert source.labels_created == 1
    assert written(other, kind) == first
    assert kind != "jsonl" or first == LINES


def test_a_conll_file_fills_the_question_of_spans_by_itself(project):
    file = "# sent_id = a\nAna\tB-PER\nin\tO\nRome\tI-LOC\n\nHi\tO\n"

    source = imported(project, file, format="conll")

    assert (source.documents, source.answers, source.rows_bad) == (2, 2, 0)
    assert [row.kept for row in source.problems.all()] == [True]
    assert source.problems.get().row == 4
    assert list(Answer.objects.values_list("quote", "label__name")) == [
        ("Ana", "PER"),
        ("Rome", "LOC"),
    ]
    document = project.documents.first()
    assert (document.external_id, document.texts, document.meta) == (
        "a",
        {"text": "Ana in Rome"},
        {},
    )


def test_a_row_with_a_bad_span_stays_out_and_says_why(project):
    rows = [
        {"text": "Ana", "entities": [[0, 4, "PER"]]},
        {"text": "Ana", "entities": [[0, 3, "ORG"]]},
        {"text": "Ana", "entities": [[0, 3, "PER"]]},
    ]

    source = imported(project, json.dumps(rows), format="json")

    assert source.documents == 1
    assert [(row, field) for row, field, _ in problems_of(source)] == [
        (1, "entities"),
        (2, "entities"),
    ]


def test_predicted_spans_are_kept_with_their_place(project):
    rows = [{"text": "Ana", "prediction.entities": [[0, 3, "PER"]]}]

    imported(project, json.dumps(rows), format="json")

    (said,) = ImportedPrediction.objects.values("field", "start", "end", "label__name")
    assert said == {"field": "text", "start": 0, "end": 3, "label__name": "PER"}


def test_what_people_disagree_about_is_told_span_by_span(project):
    project.overlap = 2
    project.save()
    (document,) = make_documents(project, "Ana met Bob")
    question = project.questions.get()
    label = question.labels.first()

    for places in [(0, 3)], [(8, 11)]:
        submit(
            document=document,
            annotator=make_user(),
            chosen={question.pk: [Span("text", *place, label.pk) for place in places]},
            submission=Submission(client_id=uuid.uuid4(), replaces=None),
        )

    (record,) = Contents(project).records()

    assert record.answers == {}
    assert record.unresolved == {
        "entities": ((SpanValue("text", 0, 3, "PER"),), (SpanValue("text", 8, 11, "PER"),))
    }
    assert json.loads(written(project, "jsonl"))["unresolved"] == {
        "entities": [
            [{"start": 0, "end": 3, "label": "PER"}],
            [{"start": 8, "end": 11, "label": "PER"}],
        ]
    }
