"""Owners try a remote model and add it; what is wrong is said where they are."""

from __future__ import annotations

import pytest

from inference.models import ModelKind, ModelVersion, RemoteUse, Stage
from inference.remote import asking
from inference.remote.predict import predictor
from projects.jobs import claim_and_run
from projects.models import Job, JobState, Label
from tests.factories import make_documents, make_project, make_question
from tests.inference.remote_server import completion, served
from tests.inference.remote_versions import CHOSEN, make_remote

NEW = "/projects/tickets/models/remote/new/"
GOOD = {"label": "Praise", "confidence": 0.9}
POSTED = {**CHOSEN, "question": "topic", "name": "Far away", "act": "add"}


@pytest.fixture(autouse=True)
def _local(settings, monkeypatch):
    settings.REMOTE_PRIVATE_NETWORKS = True
    monkeypatch.setattr(asking.time, "sleep", lambda seconds: None)


@pytest.fixture
def owner(client_of, alice):
    return client_of(alice)


def page_of(response):
    return " ".join(response.content.decode().split())


def test_the_page_says_that_texts_leave_the_server(owner, question):
    response = owner.get(NEW)

    assert response.status_code == 200
    assert "Texts leave this server." in page_of(response)


def test_without_a_question_there_is_nothing_to_add(owner, question):
    Label.objects.all().delete()

    assert "no question to answer yet" in page_of(owner.get(NEW))


def test_a_model_is_tried_on_three_documents_that_are_not_blind(owner, project, question):
    make_documents(project, "never send this", is_drawn=True)
    make_documents(project, "one", "two", "three", "four")

    with served(lambda *_: completion(GOOD)) as server:
        response = owner.post(NEW, {**POSTED, "base_url": server.url, "act": "try"})

    job = Job.objects.get(kind="try_remote")
    assert response.headers["Location"] == f"/projects/tickets/models/remote/tries/{job.pk}/"
    assert job.state == JobState.DONE, job.error
    page = page_of(owner.get(response.headers["Location"]))
    assert page.count("Praise") == 3
    assert "90 %" in page
    assert "3 calls, 300 tokens read and 30 written" in page
    assert len(server.asked) == 3
    assert "never send this" not in str(server.asked)
    assert not ModelVersion.objects.filter(kind=ModelKind.REMOTE).exists()


def test_a_refused_answer_is_shown_with_its_reason(owner, project, question):
    make_documents(project, "<script>alert(1)</script>")

    with served(lambda *_: completion("<b>no</b>")) as server:
        response = owner.post(NEW, {**POSTED, "base_url": server.url, "act": "try"})

    page = page_of(owner.get(response.headers["Location"]))
    assert "Refused. It answered “&lt;b&gt;no&lt;/b&gt;”, which is no JSON." in page
    assert "<script>alert" not in page


def test_a_try_that_fails_says_why_and_keeps_what_was_typed(owner, project, question):
    make_documents(project, "one")

    with served(lambda *_: (401, {}, b"wrong key")) as server:
        response = owner.post(NEW, {**POSTED, "base_url": server.url, "act": "try"})

    address = response.headers["Location"]
    page = page_of(owner.get(address))
    assert "answered 401: “wrong key”" in page
    assert "Add it as it is" not in page
    again = page_of(owner.get(f"{NEW}?try={Job.objects.get(kind='try_remote').pk}"))
    assert 'value="Far away"' in again
    assert f'value="{server.url}"' in again


def test_without_documents_there_is_nothing_to_try_it_on(owner, question):
    response = owner.post(NEW, {**POSTED, "act": "try"})

    assert "no document to try it on" in page_of(owner.get(response.headers["Location"]))


def test_what_is_added_is_a_challenger_with_all_it_is_told(owner, alice, question):
    response = owner.post(NEW, {**POSTED, "instructions": "Be strict."})

    version = ModelVersion.objects.get(kind=ModelKind.REMOTE)
    assert response.headers["Location"] == version.get_absolute_url()
    assert version.stage == Stage.CHALLENGER
    assert version.author == alice
    assert version.parameters["labels"] == [label.pk for label in question.labels.all()]
    assert "Be strict." in version.parameters["prompt"]
    assert len(version.parameters["prompt_sha256"]) == 64
    assert version.remote_use.calls == 0
    assert Job.objects.filter(kind="evaluate", params__version=version.pk).exists()


def test_the_same_again_is_refused_and_a_change_is_a_new_version(owner, question):
    owner.post(NEW, POSTED)

    again = owner.post(NEW, POSTED)
    assert again.status_code == 422
    assert "Far away 1 is the same" in page_of(again)

    owner.post(NEW, {**POSTED, "timeout": 6})
    question.labels.filter(name="Praise").update(description="Only thanks.")
    owner.post(NEW, POSTED)

    versions = ModelVersion.objects.filter(kind=ModelKind.REMOTE).order_by("number")
    assert [version.parameters["timeout"] for version in versions] == [5, 6, 5]
    digests = [version.parameters["prompt_sha256"] for version in versions]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"base_url": "http://169.254.169.254/latest"}, "no model may be"),
        ({"base_url": "ftp://model.example"}, "begins with https"),
        ({"base_url": "https://a:b@model.example"}, "no user or password"),
        ({"base_url": ""}, "required"),
        ({"model": ""}, "which of the endpoint"),
        ({"key_variable": "SECRET_KEY"}, "not one of the available choices"),
        ({"key_variable": "ANNOTATE_KEY_TINY"}, "may be sent to https://model.example:443 only"),
        ({"timeout": "0"}, "greater than or equal to 1"),
        ({"timeout": "100000"}, "less than or equal to 300"),
        ({"price_in": "-1"}, "greater than or equal to 0"),
        ({"price_out": "NaN"}, "Enter a number"),
        ({"question": "other"}, "not one of the available choices"),
        ({"name": ""}, "required"),
        ({"protocol": "telnet"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_is_said_on_the_page(owner, question, settings, changes, why):
    settings.REMOTE_KEYS = {"ANNOTATE_KEY_TINY": ("https://model.example:443", "sk-secret")}

    response = owner.post(NEW, {**POSTED, **changes})

    assert response.status_code == 422
    assert why in page_of(response)
    assert "sk-secret" not in page_of(response)
    assert not RemoteUse.objects.exists()


def test_private_addresses_are_refused_on_the_page_without_the_setting(owner, question, settings):
    settings.REMOTE_PRIVATE_NETWORKS = False

    response = owner.post(NEW, {**POSTED, "base_url": "http://10.0.0.8:8000/v1"})

    assert response.status_code == 422
    assert "REMOTE_PRIVATE_NETWORKS=1" in page_of(response)


def test_the_whole_address_of_chat_completions_is_cut_to_its_base(owner, question):
    owner.post(NEW, {**POSTED, "base_url": "https://model.example/v1/chat/completions/"})

    version = ModelVersion.objects.get(kind=ModelKind.REMOTE)
    assert version.parameters["base_url"] == "https://model.example/v1"


def test_a_version_is_the_beginning_of_the_next(owner, question):
    version = make_remote(question, instructions="Be strict.")

    page = page_of(owner.get(f"{NEW}?question=topic&version={version.number}"))

    assert "Be strict." in page
    assert f'value="{version.parameters["base_url"]}"' in page


def test_rows_of_other_projects_begin_nothing(owner, question):
    other = make_question(make_project(), "elsewhere")
    version = make_remote(other)
    job = Job.objects.create(project=other.project, kind="try_remote", params={})
    export = Job.objects.create(project=question.project, kind="export", params={})

    for query in (
        f"question=elsewhere&version={version.number}",
        f"try={job.pk}",
        f"try={export.pk}",
        "question=topic&version=99",
    ):
        assert owner.get(f"{NEW}?{query}").status_code == 404
    assert owner.post(NEW, {**POSTED, "question": "elsewhere"}).status_code == 422
    for row in (job, export):
        address = f"/projects/tickets/models/remote/tries/{row.pk}/"
        assert owner.get(address).status_code == 404


@pytest.mark.parametrize("person", ["rita", "bob", "vera"])
def test_only_owners_add_models(client_of, request, question, person):
    client = client_of(request.getfixturevalue(person))

    assert client.get(NEW).status_code == 403
    assert client.post(NEW, POSTED).status_code == 403


def test_a_try_whose_question_goes_while_it_waits(project):
    params = {"question": 0, "name": "Far away", "chosen": {}}
    job = Job.objects.create(project=project, kind="try_remote", params=params)

    claim_and_run(job.pk)

    job.refresh_from_db()
    assert job.error == "This question is gone."


def test_the_page_of_a_version_says_what_it_cost(owner, project, question):
    with served(lambda *_: completion(GOOD, 1_000_000, 0)) as server:
        version = make_remote(question, base_url=server.url)
        predictor(version).predict(make_documents(project, "one", "two"))

    page = page_of(owner.get(version.get_absolute_url()))

    assert "Calls to the remote model" in page
    assert '<dt>Cost, at the prices given</dt><dd class="num">2</dd>' in page
    assert "Change it in a new version" in page
