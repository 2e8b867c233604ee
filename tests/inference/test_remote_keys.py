"""Keys of remote models, as the environment gives them: a slip stops the start and is named."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from annotate.remote_keys import remote_keys
from inference.remote.addresses import place_of
from inference.remote.keys import key_of
from inference.remote.problems import Misplaced


def test_a_key_belongs_to_one_origin(monkeypatch, settings, tmp_path):
    (tmp_path / "key").write_text("sk-file\n")
    monkeypatch.setenv("ANNOTATE_KEY_A", "sk-a")
    monkeypatch.setenv("ANNOTATE_KEY_B_FILE", str(tmp_path / "key"))

    settings.REMOTE_KEYS = remote_keys(
        ["ANNOTATE_KEY_A=https://Api.Example", "ANNOTATE_KEY_B = http://10.0.0.8:8000/"]
    )

    assert settings.REMOTE_KEYS == {
        "ANNOTATE_KEY_A": ("https://api.example:443", "sk-a"),
        "ANNOTATE_KEY_B": ("http://10.0.0.8:8000", "sk-file"),
    }
    assert key_of("ANNOTATE_KEY_A", place_of("https://api.example/v1")) == "sk-a"
    assert key_of("", place_of("https://elsewhere.example")) == ""
    for url in ("https://api.example:444", "http://api.example:443", "https://api.example.org"):
        with pytest.raises(Misplaced, match="only"):
            key_of("ANNOTATE_KEY_A", place_of(url))


def test_an_address_of_version_6_is_compared_as_it_is_written(monkeypatch, settings):
    monkeypatch.setenv("ANNOTATE_KEY_A", "sk-a")
    settings.REMOTE_KEYS = remote_keys(["ANNOTATE_KEY_A=http://[fd00::8]:8000"])

    assert key_of("ANNOTATE_KEY_A", place_of("http://[fd00::8]:8000/v1")) == "sk-a"


@pytest.mark.parametrize(
    "entry",
    [
        "SECRET_KEY=https://evil.example",
        "DATABASE_URL=https://evil.example",
        "annotate_key_a=https://api.example",
        "=https://api.example",
        "",
    ],
)
def test_no_other_variable_is_a_key(monkeypatch, entry):
    monkeypatch.setenv(entry.partition("=")[0] or "ANNOTATE_KEY_A", "something")

    with pytest.raises(ImproperlyConfigured, match="begins with ANNOTATE_KEY_"):
        remote_keys([entry])


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "api.example",
        "ftp://api.example",
        "https://",
        "https://a:b@api.example",
        "https://api.example/v1",
        "https://api.example?x=1",
        "https://api.example#x",
        "https://api.example:x",
    ],
)
def test_a_key_without_a_plain_origin_stops_the_start(monkeypatch, origin):
    monkeypatch.setenv("ANNOTATE_KEY_A", "sk-a")

    with pytest.raises(ImproperlyConfigured, match="to whom ANNOTATE_KEY_A may be sent"):
        remote_keys([f"ANNOTATE_KEY_A={origin}"])


@pytest.mark.parametrize("value", [None, "", " ", "two\nlines", "schlüssel"])
def test_a_key_without_a_usable_value_stops_the_start(monkeypatch, value):
    if value is not None:
        monkeypatch.setenv("ANNOTATE_KEY_A", value)

    with pytest.raises(ImproperlyConfigured, match="must hold a key") as why:
        remote_keys(["ANNOTATE_KEY_A=https://api.example"])

    assert not value or value not in str(why.value) or not value.strip()


def test_a_key_named_twice_stops_the_start(monkeypatch):
    monkeypatch.setenv("ANNOTATE_KEY_A", "sk-a")

    with pytest.raises(ImproperlyConfigured, match="one entry"):
        remote_keys(["ANNOTATE_KEY_A=https://a.example", "ANNOTATE_KEY_A=https://b.example"])
