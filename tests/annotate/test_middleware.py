from __future__ import annotations

import logging
import re
from datetime import UTC, datetime

import pytest
from django.test import RequestFactory
from django.utils import timezone

from annotate import middleware


def test_every_answer_names_its_request(client):
    first, second = client.get("/healthz"), client.get("/healthz")

    assert re.fullmatch(r"[0-9a-f]{32}", first["X-Request-ID"])
    assert first["X-Request-ID"] != second["X-Request-ID"]


def test_the_id_of_a_proxy_is_kept(client):
    response = client.get("/healthz", headers={"X-Request-ID": "proxy-12345678"})
    assert response["X-Request-ID"] == "proxy-12345678"


@pytest.mark.parametrize("forged", ["short", "x" * 65, "with space 1234", 'quote"12345678'])
def test_an_id_that_could_forge_log_lines_is_replaced(client, forged):
    response = client.get("/healthz", headers={"X-Request-ID": forged})
    assert re.fullmatch(r"[0-9a-f]{32}", response["X-Request-ID"])


def test_each_request_is_logged_once(client, caplog):
    with caplog.at_level(logging.INFO, logger="annotate.middleware"):
        client.get("/healthz?token=secret")

    [line] = [found for found in caplog.records if found.name == "annotate.middleware"]
    assert line.getMessage() == "request"
    assert (line.method, line.path, line.status) == ("GET", "/healthz", 200)
    assert "secret" not in str(vars(line))


@pytest.mark.django_db
def test_times_are_shown_in_the_zone_of_the_person(alice):
    alice.time_zone = "Asia/Tokyo"
    request = RequestFactory().get("/")
    request.user = alice

    def shown(request):
        return timezone.localtime(datetime(2026, 1, 1, 12, tzinfo=UTC)).hour

    assert middleware.time_zone(shown)(request) == 21
    assert timezone.get_current_timezone_name() == "UTC"


def test_a_request_that_is_too_large_is_refused_before_it_is_read(client, settings):
    settings.MAX_UPLOAD_BYTES = 1024 * 1024
    response = client.post("/healthz", {"file": "x" * (1024 * 1024)})

    assert response.status_code == 413
    assert "That is more than the 1 MB taken at once." in response.text
    assert client.post("/healthz", {"file": "x"}).status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/invites/secret/", "/accounts/password/reset/MQ/a-secret/"])
def test_a_link_that_is_a_proof_is_never_logged(client, caplog, path):
    with caplog.at_level(logging.INFO):
        client.get(path)

    [line] = [found for found in caplog.records if found.name == "annotate.middleware"]
    assert "<" in line.path
    assert "secret" not in str(line.path)
