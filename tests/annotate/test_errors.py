from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template import TemplateDoesNotExist, loader
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from annotate.views import errors
from projects.access import public


@public("for a test")
def breaks(request: HttpRequest):
    raise RuntimeError("the reason, which is nobody's business")


@public("for a test")
def refuses(request: HttpRequest):
    raise PermissionDenied("Only owners may do that.")


urlpatterns = [path("breaks", breaks), path("refuses", refuses), path("form", breaks)]
handler403, handler404 = errors.forbidden, errors.not_found
handler500 = errors.server_error


@pytest.fixture
def here(settings):
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.fixture
def no_templates(monkeypatch):
    def missing(*args, **kwargs):
        raise TemplateDoesNotExist("500.html")

    monkeypatch.setattr(loader, "render_to_string", missing)


def test_a_broken_view_shows_the_request_id_and_no_detail(here):
    response = here.get("/breaks")

    assert response.status_code == 500
    assert response["X-Request-ID"] in response.text
    assert "nobody" not in response.text


def test_a_refusal_says_why(here):
    response = here.get("/refuses")

    assert response.status_code == 403
    assert "Only owners may do that." in response.text


def test_a_missing_page_says_so_without_repeating_its_address(here):
    response = here.get("/<script>")

    assert response.status_code == 404
    assert "<script>" not in response.text


def test_an_unknown_host_is_refused(client, caplog):
    with override_settings(ALLOWED_HOSTS=["label.example.org"]):
        response = client.get("/healthz", headers={"Host": "evil.example"})
        response = client.get("/", headers={"Host": "evil.example"})
    assert response.status_code == 400


def test_a_stale_form_is_explained(settings, caplog):
    settings.ROOT_URLCONF = __name__
    response = Client(enforce_csrf_checks=True).post("/form")

    assert response.status_code == 403
    assert "This form is out of date" in response.text
    assert "form refused" in caplog.messages


def test_an_error_page_that_fails_itself_is_replaced_by_a_plain_one(monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise RuntimeError("no database")

    monkeypatch.setattr(loader, "render_to_string", broken)
    response = errors.server_error(RequestFactory().get("/"))

    assert response.status_code == 500
    assert "Something broke on our side." in response.text
    assert "error page failed" in caplog.messages


def test_a_plain_page_escapes_its_message(no_templates):
    response = errors.forbidden(RequestFactory().get("/"), PermissionDenied("<b>no</b>"))
    assert "&lt;b&gt;no&lt;/b&gt;" in response.text


def test_pages_forbid_inline_script_and_framing(client):
    policy = dict(
        part.strip().split(" ", 1)
        for part in client.get("/healthz")["Content-Security-Policy"].split(";")
    )

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
