from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command


@pytest.fixture
def collected(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "annotate.static.HashedStaticFiles"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def test_a_static_file_is_served_by_the_application(client):
    response = client.get("/static/css/app.css")

    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/css")
    assert response.content == (settings.BASE_DIR / "static/css/app.css").read_bytes()


def test_an_unchanged_file_is_not_sent_again(client):
    first = client.get("/static/css/app.css")
    again = client.get("/static/css/app.css", headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert "Content-Type" not in again


def test_a_part_of_a_file_can_be_asked_for(client):
    part = client.get("/static/css/app.css", headers={"Range": "bytes=3-9"})

    assert part.status_code == 206
    assert part.content == (settings.BASE_DIR / "static/css/app.css").read_bytes()[3:10]


def test_names_in_production_change_with_the_content(collected):
    assert re.fullmatch(
        r"/static/css/app\.[0-9a-f]{12}\.css", staticfiles_storage.url("css/app.css")
    )


def test_modules_import_each_other_by_the_hashed_name(collected):
    unhashed = [
        (module.name, line)
        for module in (collected / "js").glob("*.????????????.js")
        for line in re.findall(r"""(?:from|import)\s*\(?["'](\./[^"']+)""", module.read_text())
        if not re.search(r"\.[0-9a-f]{12}\.js$", line)
    ]
    assert unhashed == []


def test_the_copies_of_htmx_in_django_htmx_stay_at_home(collected):
    assert not (collected / "django_htmx").exists()
