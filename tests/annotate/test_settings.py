"""Settings are read in processes of their own: they are read once, at the start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def settings_with(tmp_path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Print some settings as JSON, as they come out of this environment alone."""
    program = (
        "import json; from annotate import settings; "
        "found = {name: value for name, value in vars(settings).items() if name.isupper()}; "
        "print(json.dumps(found, default=str))"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def read(tmp_path, **environment: str) -> dict:
    done = settings_with(tmp_path, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_key_is_made_once_and_kept_to_its_owner(tmp_path):
    first, second = read(tmp_path), read(tmp_path)

    assert len(first["SECRET_KEY"]) == 50
    assert second["SECRET_KEY"] == first["SECRET_KEY"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_with_postgresql_a_key_must_be_given(tmp_path):
    done = settings_with(tmp_path, DATABASE_URL="postgres://db.example/labels")

    assert done.returncode != 0
    assert "SECRET_KEY (or SECRET_KEY_FILE) is required with PostgreSQL or Redis." in done.stderr
    assert not (tmp_path / "secret_key").exists()


def test_an_https_address_makes_cookies_secure_and_its_host_allowed(tmp_path):
    found = read(tmp_path, PUBLIC_URL="https://label.example.org/")

    assert found["PUBLIC_URL"] == "https://label.example.org"
    assert found["SESSION_COOKIE_SECURE"] is True
    assert found["CSRF_COOKIE_SECURE"] is True
    assert "label.example.org" in found["ALLOWED_HOSTS"]
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://label.example.org"]


def test_without_settings_it_is_closed_and_embedded(tmp_path):
    found = read(tmp_path)

    assert found["DEBUG"] is False
    assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost", "[::1]"]
    assert found["DATABASES"]["default"]["NAME"] == str(tmp_path / "db.sqlite3")
    assert found["CHANNEL_LAYERS"]["default"]["BACKEND"] == "channels.layers.InMemoryChannelLayer"
    assert found["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend"


def test_a_data_folder_may_have_an_awkward_name(tmp_path):
    folder = tmp_path / "50% of #data?"
    found = read(folder)
    assert found["DATABASES"]["default"]["NAME"] == str(folder / "db.sqlite3")


def test_redis_and_smtp_are_used_once_they_are_named(tmp_path):
    found = read(
        tmp_path,
        REDIS_URL="redis://cache.example:6379/2",
        SECRET_KEY="x" * 50,
        EMAIL_HOST="mail.example",
        EMAIL_SECURITY="tls",
    )

    [host] = found["CHANNEL_LAYERS"]["default"]["CONFIG"]["hosts"]
    assert host["address"] == "redis://cache.example:6379/2"
    assert found["CACHES"]["default"]["LOCATION"] == "redis://cache.example:6379/2"
    assert found["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
    assert (found["EMAIL_USE_SSL"], found["EMAIL_USE_TLS"]) == (True, False)
