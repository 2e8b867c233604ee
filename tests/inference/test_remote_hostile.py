"""Endpoints that mean harm: whatever they send, what is stored is sound and the work goes on."""

from __future__ import annotations

import json
import random
import socket
import threading
from decimal import Decimal

import pytest

from inference.models import RemoteUse, Suggestion
from inference.predicting import predictor_of, record
from inference.remote import asking
from inference.remote.asking import Spent
from inference.remote.configuration import Configuration
from inference.remote.use import count_use
from projects.models import QuestionKind
from tests.factories import make_documents, make_project, make_question
from tests.inference.remote_server import as_json, completion, served
from tests.inference.remote_versions import make_remote

LABEL = {"label": "Praise", "confidence": 1}


@pytest.fixture(autouse=True)
def _local(settings, monkeypatch):
    settings.REMOTE_PRIVATE_NETWORKS = True
    monkeypatch.setattr(asking.time, "sleep", lambda seconds: None)


def ask(question, answer, text="Hello", **chosen):
    """What the endpoint says, recorded as jobs do."""
    with served(answer) as server:
        chosen.setdefault("base_url", server.url)
        version = make_remote(question, **chosen)
        documents = make_documents(question.project, text)
        said = predictor_of(version).predict(documents)
    record(version, documents, said, version.version)
    # What was refused is not recorded as "nothing there".
    assert Suggestion.objects.filter(model_version=version).exists() == bool(said[0])
    return said[0], RemoteUse.objects.get(model_version=version)


@pytest.mark.parametrize(
    "label",
    ["\x00", "Praise\x00", "\ud800", "\U000e0001", "\u202egnp.exe", "\x1b]0;title\x07", "a\nb"],
)
def test_signs_that_no_table_holds_are_taken_out_of_reasons(question, label):
    items, use = ask(question, lambda *_: completion({"label": label, "confidence": 1}))

    assert items == []
    assert "which is no label" in use.last_error
    assert use.last_error.isprintable()


@pytest.mark.parametrize(
    "body", [b'{"error": {"message": "a\\u0000b\\ud800"}}', b"\x00\xed\xa0\x80"]
)
@pytest.mark.parametrize("status", [400, 500])
def test_nor_do_they_come_in_by_an_error(question, body, status):
    items, use = ask(question, lambda *_: (status, {}, body))

    assert items == []
    assert use.last_error.isprintable()


def test_the_reason_of_an_error_is_quoted_without_its_wrapping(question):
    _, use = ask(question, lambda *_: as_json({"error": {"message": "Overloaded"}}, status=503))

    assert use.last_error.endswith("answered 503: “Overloaded”.")


@pytest.mark.parametrize("text", ["A lone \ud83d surrogate", "\u0000"])
def test_texts_that_are_no_unicode_are_sent_as_they_are(question, text):
    [document] = make_documents(question.project, "x")
    document.texts = {"text": text}
    with served(lambda *_: completion(LABEL)) as server:
        [items] = predictor_of(make_remote(question, base_url=server.url)).predict([document])

    assert items
    assert json.loads(server.payloads[0]["messages"][1]["content"]) == {"text": text}


def test_a_mark_never_cuts_a_character(db):
    question = make_question(make_project(), labels=("person",), kind=QuestionKind.SPAN)
    span = {"field": "text", "quote": "👩", "occurrence": 1, "label": "person", "confidence": 1}

    items, use = ask(question, lambda *_: completion({"spans": [span]}), "👩🏽‍🚀")

    assert items == []
    assert "in two" in use.last_error


def test_a_count_of_tokens_cannot_break_the_sum(question):
    version = make_remote(question, price_in="10000", price_out="10000")
    RemoteUse.objects.create(model_version=version, cost=Decimal("99999998.5"))
    configuration = Configuration.of(version.parameters)

    for _ in range(3):
        count_use(version, configuration, Spent(1, 10_000_000, 10_000_000), failure="")

    use = RemoteUse.objects.get(model_version=version)
    assert use.cost == 99_999_999
    assert (use.calls, use.tokens_in) == (3, 30_000_000)


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 100_000,
        b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 10_000_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 200_000,
        b"\x00" * 1_000_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
        b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
)
def test_what_is_hardly_http_is_a_failure_like_another(question, bytes_sent):
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    thread = threading.Thread(target=pour, args=(listening, bytes_sent))
    thread.start()
    version = make_remote(question, base_url=url, timeout=3)
    try:
        [items] = predictor_of(version).predict(make_documents(question.project, "Hello"))
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()

    assert items == []
    assert RemoteUse.objects.get(model_version=version).failures == 1


def pour(listening, bytes_sent):
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            try:
                connection.recv(65536)
                connection.sendall(bytes_sent)
            except OSError:
                pass


def test_no_pause_that_is_asked_for_can_be_misread():
    chance = random.Random(5)
    signs = "0123456789 :,+-eGMTJanSun²٣\x00/."
    for _ in range(3000):
        value = "".join(chance.choice(signs) for _ in range(chance.randint(0, 40)))
        waited = asking._asked_to_wait(value)
        assert waited is None or waited >= 0
    for value in ("Mon, 01 Jan 0001 00:00:00 -2359", "Fri, 31 Dec 9999 23:59:59 +9999"):
        asking._asked_to_wait(value)


def test_an_answer_in_a_forest_of_extras_is_only_its_labels(question):
    answer = {**LABEL, "label_id": 7, "tool_calls": [{"name": "delete"}], "html": "<script>"}

    items, _ = ask(question, lambda *_: completion(answer))

    assert {key for item in items for key in item} == {"label", "score", "offered"}
    assert {item["label"] for item in items} == {label.pk for label in question.labels.all()}


def test_numbers_too_large_for_a_table_are_not_found(client_of, alice, question):
    client = client_of(alice)

    for query in (f"question=topic&version={10**30}", f"try={10**30}", "question=topic&version=²"):
        status = client.get(f"/projects/tickets/models/remote/new/?{query}").status_code
        assert status in {200, 404}
