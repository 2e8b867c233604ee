"""Whole runs of a question for several labels, and of one for spans: drawn, answered as the queue
serves it, selected, labelled, checked, and taken back.
"""

from __future__ import annotations

import uuid

import pytest

from inference.autolabel import champion
from inference.autolabel.sample import sample_of
from inference.autolabel.scoring import certainty
from inference.autolabel.selection import NEVER
from inference.models import AutoLabelRun, ModelKind, ModelVersion, Role, RunState
from labeling import queue
from labeling.label_by_model import model_answers
from labeling.models import ModelAnnotation
from labeling.resolved import resolved_answers
from labeling.spans import Span
from labeling.submit import Submission, submit
from projects.models import Document, DocumentState, QuestionKind
from tests.factories import make_documents, make_project, make_question

pytestmark = pytest.mark.django_db
PAGE = "/projects/tickets/models/auto-label/"
COUNT = 60


class Several:
    """Texts such as “Refund+Praise 0.9”: what is so, and how sure the model is. Below 0.7 it
    leaves the last one out.
    """

    fields = {"kind": QuestionKind.CHOICE, "multiple": True}
    labels = ("Refund", "Late delivery", "Praise")

    @staticmethod
    def texts():
        said = ("Refund+Praise", "Late delivery", "", "Refund+Late delivery+Praise")
        return [f"{said[place % 4]} {0.5 + place / 120:.4f}" for place in range(COUNT)]

    @staticmethod
    def truth(text, labels):
        names = text.rpartition(" ")[0].split("+")
        return [pk for name, pk in labels.items() if name in names]

    @staticmethod
    def said(text, labels):
        sure = float(text.rpartition(" ")[2])
        picked = Several.truth(text, labels)
        if sure < 0.7:
            picked = picked[:-1] if picked else [min(labels.values())]
        items = [
            {
                "label": pk,
                "score": sure if pk in picked else round(1 - sure, 4),
                "offered": pk in picked,
            }
            for pk in labels.values()
        ]
        return sorted(items, key=lambda item: -item["score"])


class Spans:
    """Texts such as “Ann 0.9 Bob”: every capital word is a person. Below 0.7 the model misses the
    last of two. Of a text without any it says nothing at all.
    """

    fields = {"kind": QuestionKind.SPAN}
    labels = ("Person",)

    @staticmethod
    def texts():
        said = ("Ann {} Bob", "Ann {} bob", "ann {} bob")
        return [said[place % 3].format(f"{0.5 + place / 120:.4f}") for place in range(COUNT)]

    @staticmethod
    def truth(text, labels):
        [label] = labels.values()
        words = [word for word in text.split() if word[0].isupper()]
        starts = [text.index(word) for word in words]
        return [Span("text", start, start + 3, label) for start in starts]

    @staticmethod
    def said(text, labels):
        sure = float(text.split()[1])
        spans = Spans.truth(text, labels)
        if sure < 0.7 and len(spans) == 2:
            spans = spans[:1]
        return [
            {
                "label": one.label,
                "score": sure,
                "offered": True,
                "field": one.field,
                "start": one.start,
                "end": one.end,
            }
            for one in spans
        ]


@pytest.fixture(params=[Several, Spans])
def kind(request):
    return request.param


@pytest.fixture
def project(db):
    return make_project("Support tickets", slug="tickets")


@pytest.fixture
def asked(project, kind):
    return make_question(project, "what", labels=kind.labels, required=False, **kind.fields)


@pytest.fixture
def names(asked):
    return {label.name: label.pk for label in asked.labels.all()}


@pytest.fixture(autouse=True)
def documents(project, asked, names, kind, monkeypatch):
    class Model:
        def predict(self, documents):
            return [kind.said(document.texts["text"], names) for document in documents]

    monkeypatch.setattr(champion, "predictor_of", lambda version: Model())
    ModelVersion.objects.create(
        project=project,
        question=asked,
        name="Known",
        number=1,
        kind=ModelKind.FINE_TUNED,
        stage="champion",
    )
    return make_documents(project, *kind.texts())


def words(response):
    return " ".join(response.text.split())


def begin(client, *, audit):
    given = {"question": "what", "target": "20", "calibration": "30", "audit": str(audit)}
    page = client.post(f"{PAGE}start/", given, follow=True)
    assert "documents of the sample are answered" in words(page)


def post(client, act, run):
    return words(client.post(f"{PAGE}{run.pk}/{act}/", follow=True))


def answer_truly(document, person, asked, names, kind):
    return submit(
        document=document,
        annotator=person,
        chosen={asked.pk: kind.truth(document.texts["text"], names)},
        submission=Submission(client_id=uuid.uuid4()),
    )


def answer_what_comes(project, person, count, asked, names, kind):
    """As the queue serves them; returns which."""
    served = []
    for _ in range(count):
        document = queue.lease_next(project=project, annotator=person)
        answer_truly(document, person, asked, names, kind)
        served.append(document.pk)
    return served


def test_a_run_from_start_to_end_and_back(project, asked, names, kind, alice, bob, client_of):
    client = client_of(alice)
    begin(client, audit=5)
    run = AutoLabelRun.objects.get()
    assert run.state == RunState.ANSWERING
    drawn = answer_what_comes(project, bob, 30, asked, names, kind)
    assert sorted(drawn) == sorted(run.figures["drawn"])

    truly_wrong = {
        one.document
        for one in sample_of(run, Role.CALIBRATION)
        if kind.said(one_text(one), names) and float_of(one_text(one)) < 0.7
    }
    said_wrong = {one.document for one in sample_of(run, Role.CALIBRATION) if one.wrong}
    assert said_wrong <= truly_wrong
    assert said_wrong

    post(client, "choose", run)
    run.refresh_from_db()
    assert run.figures["wrong"] == len(said_wrong)
    assert 5 < run.figures["selected"] <= run.figures["rest"] == 30
    share = "{selected} of {rest}</strong> documents".format(**run.figures)
    assert share in words(client.get(PAGE))

    post(client, "apply", run)
    run.refresh_from_db()
    assert run.state == RunState.APPLIED
    labelled = project.documents.filter(state=DocumentState.MODEL)
    assert labelled.count() == run.figures["selected"] - 5
    told = model_answers(project, labelled.values_list("pk", flat=True))
    for document in labelled:
        expected = kind.said(document.texts["text"], names)
        assert set(told[document.pk][asked.pk].picks) == {
            pick(item) for item in expected if item["offered"]
        }
    assert "Checked: 0 of 5 documents" in words(client.get(PAGE))

    audit = answer_what_comes(project, bob, 5, asked, names, kind)
    checked = sample_of(run, Role.AUDIT)
    assert sorted(audit) == sorted(one.document for one in checked)
    wrong = {one.document for one in checked if one.wrong}
    assert all(float_of(one_text(one)) < 0.7 for one in checked if one.document in wrong)
    assert "Checked: 5 of 5 documents" in words(client.get(PAGE))

    mine = labelled.first()
    answer_truly(mine, bob, asked, names, kind)
    mine.refresh_from_db()
    assert mine.state == DocumentState.DONE
    assert not ModelAnnotation.objects.filter(document=mine).exists()

    assert "was taken back" in post(client, "undo", run)
    assert not ModelAnnotation.objects.exists()
    assert not project.documents.filter(state=DocumentState.MODEL).exists()
    kept = resolved_answers(project, [*drawn, *audit, mine.pk])
    assert {asked.pk in of for of in kept.values()} == {True}
    assert project.documents.filter(state=DocumentState.OPEN).count() == COUNT - 36


def test_a_part_of_an_answer_is_wrong(project, asked, names, kind, alice, bob, client_of):
    """All labels, or all spans, have to be right."""
    client = client_of(alice)
    begin(client, audit=0)
    run = AutoLabelRun.objects.get()
    answer_what_comes(project, bob, 30, asked, names, kind)

    for one in sample_of(run, Role.CALIBRATION):
        said = kind.said(one_text(one), names)
        picked = {pick(item) for item in said if item["offered"]}
        assert one.wrong == (picked != set(kind.truth(one_text(one), names)))


def test_nothing_is_no_answer_where_people_have_to_choose(asked, names, kind):
    said = kind.said(next(text for text in kind.texts() if not kind.truth(text, names)), names)
    items = [{**item, "offered": False} for item in said]
    free = certainty(asked, items)

    asked.required = True

    assert free > certainty(asked, items) == NEVER


def pick(item):
    if "start" in item:
        return Span(item["field"], item["start"], item["end"], item["label"])
    return item["label"]


def one_text(checked):
    return Document.objects.get(pk=checked.document).texts["text"]


def float_of(text):
    return next(float(word) for word in text.split() if word[:2] in {"0.", "1."})
