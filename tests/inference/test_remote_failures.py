"""An endpoint that is slow, down, or hostile: a clear reason, and nothing else breaks."""

from __future__ import annotations

import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from inference.predicting import CannotPredict, predictor_of
from inference.remote import asking, client
from inference.remote.addresses import place_of
from inference.remote.predict import AT_ONCE
from inference.remote.problems import CallFailed
from tests.factories import make_documents
from tests.inference.remote_server import Server, completion, run, served
from tests.inference.remote_versions import make_remote

GOOD = {"label": "Praise", "confidence": 1}
KEY = "sk-very-secret"


@pytest.fixture
def waits(settings, monkeypatch):
    """The pauses that were made, none of which takes time."""
    settings.REMOTE_PRIVATE_NETWORKS = True
    made = []
    monkeypatch.setattr(asking.time, "sleep", made.append)
    return made


def ask(question, answer, count=1, **chosen):
    """What one document gets, the reason where nothing, and the server."""
    with served(answer) as server:
        chosen.setdefault("base_url", server.url)
        version = make_remote(question, **chosen)
        said = predictor_of(version).predict(make_documents(question.project, count=count))
    version.refresh_from_db()
    return said, version.remote_use, server


def after(failures, *, then):
    """Fails so often with these, then answers."""
    left = list(failures)

    def answer(*_):
        return left.pop(0) if left else then

    return answer


def test_too_many_requests_wait_as_long_as_they_are_told(question, waits):
    busy = (429, {"Retry-After": "7"}, b"slow down")

    [items], use, _ = ask(question, after([busy, busy], then=completion(GOOD)))

    assert items[0]["offered"]
    assert waits == [7.0, 7.0]
    assert (use.calls, use.failures) == (3, 0)


def test_a_moment_to_wait_for_is_read_as_well(question, waits):
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    busy = (503, {"Retry-After": moment}, b"")

    ask(question, after([busy], then=completion(GOOD)))

    [waited] = waits
    assert 25 < waited <= 30


@pytest.mark.parametrize("value", ["3600", "99999999999999999999"])
def test_nobody_waits_for_an_hour(question, waits, value):
    said, use, server = ask(question, lambda *_: (429, {"Retry-After": value}, b""))

    assert said == [[]]
    assert waits == []
    assert "answered 429" in use.last_error
    assert "asks us to wait" in use.last_error
    assert len(server.asked) == 1


@pytest.mark.parametrize("value", ["soon", "-5", "", "1e9", "٣"])
def test_a_pause_that_makes_no_sense_is_ours_to_choose(question, waits, value):
    busy = (429, {"Retry-After": value.encode().decode("latin-1")}, b"")

    [items], _, _ = ask(question, after([busy], then=completion(GOOD)))

    assert items
    [waited] = waits
    assert 0.5 <= waited <= 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 529, 408, 429])
def test_what_may_pass_is_tried_three_times_ever_later(question, waits, status):
    said, use, server = ask(question, lambda *_: (status, {}, b"oh no"))

    assert said == [[]]
    assert len(server.asked) == use.calls == 3
    assert use.failures == 1
    assert f"answered {status}: “oh no”" in use.last_error
    assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2


def test_a_slow_endpoint_is_given_up_in_time(question, waits):
    released = []

    with served(lambda *_: (200, {"Content-Length": "10"}, drip(released))) as server:
        version = make_remote(question, base_url=server.url, timeout=1)
        said = predictor_of(version).predict(make_documents(question.project, count=1))
        released.append(True)

    assert said == [[]]
    version.refresh_from_db()
    assert "did not answer within 1 seconds" in version.remote_use.last_error
    assert version.remote_use.calls == 1


def drip(released):
    """Nothing at all, until the test is over."""
    while not released:
        yield b""
        REAL_SLEEP(0.01)


REAL_SLEEP = time.sleep


def test_one_byte_now_and_then_does_not_hold_us(settings):
    settings.REMOTE_PRIVATE_NETWORKS = True
    sent = []

    def drop_by_drop():
        for _ in range(200):
            sent.append(1)
            yield b" "
            REAL_SLEEP(0.05)

    with (
        served(lambda *_: (200, {"Content-Length": "200"}, drop_by_drop())) as server,
        pytest.raises(CallFailed, match=r"within 0\.5 seconds"),
    ):
        client.send(place_of(server.url), headers={}, timeout=0.5)

    assert 0 < len(sent) < 150


def test_a_huge_answer_is_not_read_to_its_end(question, waits):
    def huge():
        for _ in range(64):
            yield b"x" * 1024 * 1024

    said, use, _ = ask(question, lambda *_: (200, {"Content-Length": str(64 * 1024**2)}, huge()))

    assert said == [[]]
    assert "more than 2 MB" in use.last_error


def test_a_compressed_answer_is_not_unpacked(question, waits):
    said, use, _ = ask(question, lambda *_: (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"))

    assert said == [[]]
    assert "compressed" in use.last_error


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(question, waits, status):
    with served(lambda *_: completion(GOOD)) as elsewhere:
        answer = (status, {"Location": elsewhere.url}, b"")
        with pytest.raises(CannotPredict, match="leads elsewhere"):
            ask(question, lambda *_: answer)

    assert elsewhere.asked == []


@pytest.mark.parametrize("status", [401, 402, 403, 404, 405])
def test_what_no_document_will_pass_ends_the_work_at_once(question, waits, status):
    answer = (status, {}, b'{"error": "no"}')

    with served(lambda *_: answer) as server:
        version = make_remote(question, base_url=server.url)
        documents = make_documents(question.project, count=40)
        with pytest.raises(CannotPredict, match=f"answered {status}"):
            predictor_of(version).predict(documents)

    assert len(server.asked) <= AT_ONCE
    assert waits == []
    version.refresh_from_db()
    assert version.remote_use.calls == len(server.asked)


def test_five_failures_in_a_row_are_the_endpoints_fault(question, waits):
    with served(lambda *_: completion("garbage")) as server:
        version = make_remote(question, base_url=server.url)
        documents = make_documents(question.project, count=40)
        with pytest.raises(CannotPredict, match=r"gives no answers.*which is no JSON"):
            predictor_of(version).predict(documents)

    assert 5 <= len(server.asked) < 5 + AT_ONCE
    version.refresh_from_db()
    assert version.remote_use.calls == version.remote_use.failures == len(server.asked)


def test_nobody_there(question, waits):
    server = Server(None)
    server.http.server_close()
    version = make_remote(question, base_url=server.url)

    assert predictor_of(version).predict(make_documents(question.project, count=1)) == [[]]

    version.refresh_from_db()
    assert version.remote_use.calls == 3
    assert "127.0.0.1 failed" in version.remote_use.last_error


def test_an_endpoint_that_speaks_something_else(question, waits):
    said, use, _ = ask(question, lambda *_: (200, {"Transfer-Encoding": "chunked"}, b"zzz\r\n"))

    assert said == [[]]
    assert use.failures == 1


def test_a_private_address_is_refused_when_the_setting_goes(question, waits, settings):
    with served(lambda *_: completion(GOOD)) as server:
        version = make_remote(question, base_url=server.url)
        settings.REMOTE_PRIVATE_NETWORKS = False
        with pytest.raises(CannotPredict, match="REMOTE_PRIVATE_NETWORKS=1"):
            predictor_of(version).predict(make_documents(question.project, count=3))

    assert server.asked == []


def test_a_key_goes_to_its_host_and_into_no_message(question, waits, settings):
    def echo(*_):
        return 500, {}, f"Incorrect API key {KEY} provided".encode()

    with served(echo) as server:
        settings.REMOTE_KEYS = {"ANNOTATE_KEY_TINY": (server.url, KEY)}
        version = make_remote(question, base_url=server.url, key_variable="ANNOTATE_KEY_TINY")
        predictor_of(version).predict(make_documents(question.project, count=1))

    assert server.asked[0][2]["Authorization"] == f"Bearer {KEY}"
    version.refresh_from_db()
    assert "Incorrect API key … provided" in version.remote_use.last_error
    assert KEY not in str(version.parameters) + version.remote_use.last_error


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:{other}",
        "https://127.0.0.1:{port}",
        "http://localhost:{port}",
        "http://127.0.0.1.evil.example:{port}",
    ],
)
def test_a_key_goes_nowhere_else(question, waits, settings, base_url):
    with served(lambda *_: completion(GOOD)) as server:
        settings.REMOTE_KEYS = {"ANNOTATE_KEY_TINY": (server.url, KEY)}
        url = base_url.format(port=server.port, other=server.port + 1)
        version = make_remote(question, base_url=url, key_variable="ANNOTATE_KEY_TINY")
        with pytest.raises(CannotPredict, match="may be sent to http://127"):
            predictor_of(version)

    assert server.asked == []


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "PATH", "ANNOTATE_KEY_OTHER"])
def test_only_keys_of_the_settings_can_be_named(question, waits, monkeypatch, name):
    monkeypatch.setenv(name, "something")
    version = make_remote(question, key_variable=name)

    with pytest.raises(CannotPredict, match=f"hold no key {name}"):
        predictor_of(version)


def test_a_message_quotes_a_few_plain_words_at_most(question, waits):
    body = b"<b>\x00\x1b[31m" + b"secret " * 200

    _, use, _ = ask(question, lambda *_: (500, {}, body))

    assert len(use.last_error) < 250
    assert use.last_error.isprintable()


def test_certificates_are_verified(question, waits, tmp_path):
    server = Server(lambda *_: completion(GOOD))
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    with run(server):
        url = f"https://127.0.0.1:{server.port}"
        version = make_remote(question, base_url=url)
        said = predictor_of(version).predict(make_documents(question.project, count=1))

    assert said == [[]]
    assert server.asked == []
    version.refresh_from_db()
    assert "certificate" in version.remote_use.last_error


def self_signed(folder):
    path = folder / "both.pem"
    command = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
        *("-subj", "/CN=127.0.0.1", "-keyout", str(path), "-out", str(folder / "certificate.pem")),
    ]
    subprocess.run(command, check=True, capture_output=True)
    with path.open("a") as both:
        both.write((folder / "certificate.pem").read_text())
    return path
