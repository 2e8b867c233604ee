from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.http import HttpResponse
from django.urls import include, path

from annotate import checks
from projects.access import public


def forgotten(request):
    return HttpResponse()


urlpatterns = [
    path("fine", public("for a test")(forgotten)),
    path("nested/", include([path("<int:pk>/forgotten", forgotten)])),
]


def ids(found) -> list[str]:
    return [message.id for message in found]


def test_this_project_passes_its_own_checks():
    assert [found for found in run_checks() if str(found.id).startswith("annotate.")] == []


def test_a_view_without_an_access_rule_is_named(settings):
    settings.ROOT_URLCONF = __name__
    [found] = checks.every_view_has_an_access_rule()

    assert found.id == "annotate.E001"
    assert "'nested/<int:pk>/forgotten'" in found.msg


def test_a_data_folder_that_cannot_be_written_is_an_error(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "missing"
    assert ids(checks.data_dir_is_writable()) == ["annotate.E003"]


@pytest.mark.parametrize("url", ["label.example.org", "ftp://x", "https://x.org/annotate"])
def test_a_public_url_must_be_an_origin(settings, url):
    settings.PUBLIC_URL = url
    assert ids(checks.public_url_is_an_origin()) == ["annotate.E004"]


def test_a_short_secret_key_is_warned_about(settings):
    settings.SECRET_KEY = "short"
    assert ids(checks.secret_key_is_long_enough()) == ["annotate.W001"]


def test_an_open_installation_on_the_net_is_reported(settings):
    settings.PUBLIC_URL, settings.HTTPS = "http://label.example.org", False
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["*"]
    found = checks.public_installations_are_closed()

    assert ids(found) == ["annotate.E005", "annotate.W002", "annotate.W003"]


def test_the_same_on_ones_own_machine_is_fine(settings):
    settings.PUBLIC_URL, settings.DEBUG = "http://127.0.0.1:8000", True
    assert checks.public_installations_are_closed() == []


def test_postgresql_without_redis_is_warned_about(settings):
    settings.EMBEDDED, settings.REDIS_URL = False, ""
    assert ids(checks.several_processes_need_redis()) == ["annotate.W004"]
