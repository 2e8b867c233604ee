"""“Label the rest”, as owners steer it and everybody reads it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inference.models import AutoLabelRun, ModelKind, ModelVersion, Role, RunState
from labeling.models import ModelAnnotation
from projects.models import DocumentState, Job, JobState
from tests.factories import make_documents, make_question
from tests.inference.test_auto_label_run import Oracle, answer_drawn, texts_of

pytestmark = pytest.mark.django_db
PAGE = "/projects/tickets/models/auto-label/"


@pytest.fixture
def version(project, question):
    return ModelVersion.objects.create(
        project=project,
        question=question,
        name="Oracle",
        number=1,
        kind=ModelKind.FINE_TUNED,
        stage="champion",
    )


@pytest.fixture
def documents(project, question, version, monkeypatch):
    model = Oracle(question)
    monkeypatch.setattr("inference.autolabel.champion.predictor_of", lambda version: model)
    return make_documents(project, *texts_of(60))


def begin(client, **fields):
    given = {"question": "topic", "target": "10", "calibration": "20", "audit": "5", **fields}
    return client.post(f"{PAGE}start/", given, follow=True)


def post(client, act, run):
    return client.post(f"{PAGE}{run.pk}/{act}/", follow=True)


def words(response):
    return " ".join(response.text.split())


def test_from_start_to_end_and_back_in_a_browser(project, alice, bob, documents, client_of):
    client = client_of(alice)
    assert "60 documents remain" in words(client.get(PAGE))
    assert "0 of 20</strong> documents of the sample" in words(begin(client))
    run = AutoLabelRun.objects.get()
    answer_drawn(run, bob, limit=5)
    assert "fewer than 9 answers" in words(client.get(PAGE))
    answer_drawn(run, bob)
    assert "See what can be labelled" in words(client.get(PAGE))

    chosen = words(post(client, "choose", run))
    assert "40 of 40</strong> documents (100 %) can be labelled at 10 %" in chosen
    assert "People check 5 of them; the model labels the other 35." in chosen
    assert "Label 35 documents" in chosen
    assert "The bound is on the average" in chosen
    applied = words(post(client, "apply", run))
    assert "35</strong> documents are labelled by the model" in applied
    assert "Checked: 0 of 5 documents" in applied
    answer_drawn(run, bob, role=Role.AUDIT)
    assert "Checked: 5 of 5 documents, 0 to 52 % wrong" in words(client.get(PAGE))

    undone = words(post(client, "undo", run))
    assert "was taken back" in undone
    assert project.documents.filter(state=DocumentState.MODEL).count() == 0
    assert not ModelAnnotation.objects.exists()


def test_going_on_early(alice, bob, documents, client_of):
    client = client_of(alice)
    begin(client)
    run = AutoLabelRun.objects.get()
    answer_drawn(run, bob, limit=10)

    assert "Go on with these 10" in words(client.get(PAGE))
    assert 'People answered <strong class="num">10</strong>' in words(post(client, "choose", run))


def test_nothing_selected_says_what_to_do(alice, bob, documents, client_of):
    client = client_of(alice)
    begin(client, target="5", calibration="25")
    run = AutoLabelRun.objects.get()
    drawn = list(run.documents.filter(role=Role.CALIBRATION).order_by("score"))
    answer_drawn(run, bob, wrongly={row.document_id for row in drawn[:12]})

    page = words(post(client, "choose", run))

    assert "Nothing can be labelled at 5 %" in page
    assert "it takes about" in page
    assert "Label 0" not in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"target": "60"}, "less than or equal to 50"),
        ({"target": "ten"}, "Enter a number"),
        ({"calibration": "4"}, "fewer than 9 answers"),
        ({"calibration": "60"}, "leaves nothing to label"),
        ({"audit": "-1"}, "greater than or equal to 0"),
    ],
)
def test_a_wrong_form_says_what_is_wrong(alice, documents, client_of, fields, said):
    response = begin(client_of(alice), **fields)

    assert response.status_code == 422
    assert said in words(response)
    assert not AutoLabelRun.objects.exists()


def test_an_empty_sample_size_means_what_the_target_takes(alice, documents, client_of):
    begin(client_of(alice), calibration="")

    assert AutoLabelRun.objects.get().calibration == 30  # planned are 60, and half of them remain


def test_empty_states(project, question, alice, client_of):
    client = client_of(alice)
    assert "There is no model for this question yet" in words(client.get(PAGE))
    ModelVersion.objects.create(
        project=project,
        question=question,
        name="Folder",
        number=1,
        kind=ModelKind.FOLDER,
        stage="champion",
    )
    make_documents(project, count=2, in_reserve=True)
    page = words(client.get(PAGE))
    assert "Nothing remains for a model" in page
    assert "2 documents of the reserve still wait" in page
    make_documents(project, count=1)
    assert "One document remains" in words(client.get(PAGE))
    make_question(project, "tone", labels=("Kind", "Rude"))
    assert "People have to answer “Tone”" in words(client.get(PAGE))


def test_without_questions_the_page_says_so(project, alice, client_of):
    project.questions.all().delete()

    assert "There is no question to answer" in words(client_of(alice).get(PAGE))


def test_readers_see_and_do_not_steer(alice, vera, documents, client_of):
    begin(client_of(alice))

    page = words(client_of(vera).get(PAGE))

    assert "0 of 20" in page
    assert "<form" not in page.split('id="auto-label-run"')[1]


def test_a_failed_job_can_go_on(alice, documents, client_of, monkeypatch):
    client = client_of(alice)
    begin(client)
    run = AutoLabelRun.objects.get()
    AutoLabelRun.objects.update(state=RunState.SCORING)
    Job.objects.filter(pk=run.job_id).update(state=JobState.FAILED, error="The disk is full.")
    page = words(client.get(PAGE))
    assert "The disk is full." in page

    post(client, "resume", run)

    run.refresh_from_db()
    assert run.state == RunState.ANSWERING


def test_a_working_run_asks_for_itself(alice, documents, client_of):
    client = client_of(alice)
    begin(client)
    run = AutoLabelRun.objects.get()
    Job.objects.filter(pk=run.job_id).update(state=JobState.RUNNING, message="Asking the model")

    assert 'hx-trigger="every 2s"' in words(client.get(PAGE))
    part = client.get(PAGE, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "Asking the model" in part
    post(client, "stop", run)
    run.refresh_from_db()
    assert run.state == RunState.STOPPED


def test_what_cannot_be_done_is_said(alice, documents, client_of):
    client = client_of(alice)
    begin(client)
    run = AutoLabelRun.objects.get()

    assert "Nothing was selected" in words(post(client, "apply", run))
    assert "not where it was" in words(post(client, "undo", run))
    post(client, "stop", run)
    assert "not where it was" in words(post(client, "stop", run))


def test_the_page_costs_the_same_for_many_runs(project, question, version, alice, client_of):
    client = client_of(alice)
    for n, count in ((1, 1), (3, 2)):
        for _ in range(count):
            AutoLabelRun.objects.create(
                project=project,
                question=question,
                model_version=version,
                state=RunState.STOPPED,
                target=0.1,
                calibration=20,
                seed=1,
            )
        with CaptureQueriesContext(connection) as queries:
            page = words(client.get(PAGE))
        assert page.count("<tr>") == (0 if n == 1 else 3)
        assert len(queries) == 11
