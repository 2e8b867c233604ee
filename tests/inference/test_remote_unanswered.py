"""A refused answer is none: marked, asked again three times, never taken for “nothing there”."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from corpus.erase import erase
from inference.autolabel import champion
from inference.autolabel.selection import NEVER
from inference.evaluating.job import evaluate_later
from inference.models import AutoLabelRun, RemoteFailure, Stage, Suggestion
from inference.predictions.job import predict_later, unasked
from inference.remote.asking import Spent
from inference.remote.configuration import Configuration
from inference.remote.failures import MOST_TIMES, allow_again, given_up, note_failures
from inference.remote.use import count_use
from projects.jobs import claim_and_run
from projects.models import JobState, QuestionKind
from tests.factories import answer, make_documents, make_project, make_question
from tests.inference.remote_server import completion, served
from tests.inference.remote_versions import make_remote

pytestmark = pytest.mark.django_db(transaction=True)
GARBAGE = "I would rather talk about something else."
GOOD = {"label": "Praise", "confidence": 0.9}


@pytest.fixture(autouse=True)
def private(settings, monkeypatch):
    settings.REMOTE_PRIVATE_NETWORKS = True
    monkeypatch.setattr("inference.remote.asking.time.sleep", lambda seconds: None)


@pytest.fixture
def people(db):
    return make_question(make_project(), "who", labels=("person",), kind=QuestionKind.SPAN)


def garbage_about(*words, good=GOOD):
    """Answers, but for texts that hold one of these words."""

    def reply(method, path, payload):
        text = json.loads(payload["messages"][1]["content"])["text"]
        return completion(GARBAGE if any(word in text for word in words) else good)

    return reply


def done(job):
    claim_and_run(job.pk)
    job.refresh_from_db()
    return job


def test_what_was_refused_is_marked_and_asked_again_three_times(project, question):
    bad, *_ = make_documents(project, "bad", "good", "fine")
    with served(garbage_about("bad")) as server:
        version = make_remote(question, base_url=server.url)
        for times in range(1, MOST_TIMES + 1):
            assert bad in unasked(version)
            assert done(predict_later(version)).state == JobState.DONE
            [failure] = RemoteFailure.objects.all()
            assert (failure.document, failure.times) == (bad, times)
        asked = len(server.asked)
        done(predict_later(version))

        assert len(server.asked) == asked == 2 + MOST_TIMES
    assert not unasked(version).exists()
    assert not Suggestion.objects.filter(model_version=version, document=bad).exists()
    assert [row.document_id for row in given_up(version)] == [bad.pk]


def test_an_answer_after_all_takes_the_mark_away(project, question):
    [document] = make_documents(project, "bad")
    words = ["bad"]

    def reply(*asked):
        return garbage_about(*words)(*asked)

    with served(reply) as server:
        version = make_remote(question, base_url=server.url)
        for _ in range(MOST_TIMES):
            done(predict_later(version))
        words.clear()
        allow_again(version)
        done(predict_later(version))

    assert not RemoteFailure.objects.exists()
    assert Suggestion.objects.get(model_version=version).document == document


def test_nothing_chosen_is_an_answer_and_is_not_asked_again(people):
    project = people.project
    make_documents(project, "nobody here")
    with served(lambda *_: completion({"spans": []})) as server:
        version = make_remote(people, base_url=server.url)
        done(predict_later(version))

    assert not unasked(version).exists()
    assert Suggestion.objects.get(model_version=version).items == []
    assert not RemoteFailure.objects.exists()


def test_an_endpoint_that_is_down_is_not_the_documents_fault(project, question):
    make_documents(project, *"abcdefgh")
    with served(lambda *_: (503, {}, b"")) as server:
        version = make_remote(question, base_url=server.url)
        job = done(predict_later(version))

    assert "answered 503" in job.error
    assert not RemoteFailure.objects.exists()
    assert unasked(version).count() == 8


def test_a_measurement_counts_it_as_nothing_said_and_can_ask_again(project, question, bob):
    for document in make_documents(project, "bad", "good", in_reserve=True, display_coin=0.0):
        answer(document, bob, "Praise")
    with served(garbage_about("bad")) as server:
        version = make_remote(question, base_url=server.url)
        assert done(evaluate_later(version)).state == JobState.DONE
        assert done(evaluate_later(version)).state == JobState.DONE

    measured = version.measurements.filter(contaminated=False).first()
    assert measured.figures["n"] == 2
    assert measured.figures["accuracy"]["value"] == 0.5
    assert RemoteFailure.objects.get().times == 2
    assert Suggestion.objects.filter(model_version=version).count() == 1


def test_no_run_takes_a_refused_answer_for_no_spans(people, alice):
    people.required = False
    people.save()
    bad, good = make_documents(people.project, "bad", "good")
    with served(garbage_about("bad", good={"spans": []})) as server:
        version = make_remote(people, base_url=server.url)
        run = AutoLabelRun.objects.create(
            project=people.project,
            question=people,
            model_version=version,
            version="1",
            target=0.1,
            calibration=1,
            seed=1,
        )
        rows = champion.scored(run, champion.predictor(run), [bad, good])
        again = champion.scored(run, champion.predictor(run), [bad, good])

    assert [row.score for row in rows] == [row.score for row in again] == [NEVER, 1.0]


def test_the_pages_count_it_and_an_owner_asks_again(project, question, alice, client_of):
    make_documents(project, "bad", "good")
    client = client_of(alice)
    with served(garbage_about("bad")) as server:
        version = make_remote(question, base_url=server.url)
        version.stage = Stage.CHALLENGER
        version.save()
        for _ in range(MOST_TIMES):
            done(predict_later(version))
        listed = client.get(f"/projects/{project.slug}/models/predictions/?version={version.pk}")
        assert "About 1 document it was asked three times" in listed.content.decode()
        page = client.get(version.get_absolute_url()).content.decode()
        assert '<dt>Documents without a usable answer</dt><dd class="num">1</dd>' in page
        assert '<dt>Answers that could not be used</dt><dd class="num">3</dd>' in page

        before = len(server.asked)
        client.post(
            f"/projects/{project.slug}/models/{question.name}/{version.number}/predict/",
            {"again": "1"},
        )
        assert len(server.asked) == before + 1

    assert RemoteFailure.objects.get().times == 1


def test_what_an_answer_quoted_goes_with_the_document(project, question, alice):
    document, other = make_documents(project, "John Smith", "other")
    version = make_remote(question)
    note_failures(version, {document.pk, other.pk}, answered=())
    count_use(
        version,
        Configuration.of(version.parameters),
        Spent(1),
        failure="It quoted “John Smith”.",
    )
    erase(document=document, owner=alice, reason="asked for", client_id=uuid4())

    version.remote_use.refresh_from_db()
    assert version.remote_use.last_error == ""
    assert version.remote_use.failures == 1
    assert RemoteFailure.objects.get().document == other
