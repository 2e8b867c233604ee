from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from annotate import env

ROOT = Path(__file__).parents[2]
READERS = {"text", "secret", "flag", "number", "choice", "words", "folder"}


def names_read_in_settings() -> set[str]:
    tree = ast.parse((ROOT / "annotate/settings.py").read_text(encoding="utf-8"))
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and call.func.attr in READERS
    }


def test_the_documented_settings_are_the_ones_that_are_read():
    table = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([A-Z_]+)` \|", table, flags=re.MULTILINE)

    assert sorted(documented) == sorted(names_read_in_settings())


@pytest.mark.parametrize(
    ("value", "meant"), [("1", True), ("Yes", True), ("off", False), ("", False), ("0", False)]
)
def test_a_flag_reads_yes_and_no(monkeypatch, value, meant):
    monkeypatch.setenv("SOME_FLAG", value)
    assert env.flag("SOME_FLAG", default=not meant) is meant


def test_a_flag_that_is_not_set_is_its_default():
    assert env.flag("SOME_FLAG", default=True) is True


def test_a_flag_that_is_neither_stops_the_start(monkeypatch):
    monkeypatch.setenv("SOME_FLAG", "maybe")
    with pytest.raises(ImproperlyConfigured, match="SOME_FLAG='maybe' is neither yes nor no"):
        env.flag("SOME_FLAG", default=False)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("many", "PORT='many' is not a whole number"),
        ("0", "PORT=0 must be between 1 and 65535"),
        ("70000", "PORT=70000 must be between 1 and 65535"),
    ],
)
def test_a_number_out_of_bounds_stops_the_start(monkeypatch, value, complaint):
    monkeypatch.setenv("PORT", value)
    with pytest.raises(ImproperlyConfigured, match=complaint):
        env.number("PORT", 8000, least=1, most=65535)


def test_a_number_without_upper_bound_says_so(monkeypatch):
    monkeypatch.setenv("SIZE", "0")
    with pytest.raises(ImproperlyConfigured, match="SIZE=0 must be at least 1"):
        env.number("SIZE", 5, least=1)


def test_a_choice_outside_the_list_stops_the_start(monkeypatch):
    monkeypatch.setenv("ENGINE", "gpt")
    with pytest.raises(ImproperlyConfigured, match="ENGINE='gpt' must be one of minilm, off"):
        env.choice("ENGINE", "minilm", ("minilm", "off"))


def test_words_are_split_at_commas(monkeypatch):
    monkeypatch.setenv("HOSTS", " a.example, ,b.example ")
    assert env.words("HOSTS") == ["a.example", "b.example"]


def test_a_secret_may_come_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("hidden\n")
    monkeypatch.setenv("TOKEN_FILE", str(tmp_path / "key"))
    assert env.secret("TOKEN") == "hidden"


def test_a_secret_given_twice_stops_the_start(monkeypatch, tmp_path):
    monkeypatch.setenv("TOKEN", "open")
    monkeypatch.setenv("TOKEN_FILE", str(tmp_path / "key"))
    with pytest.raises(ImproperlyConfigured, match="TOKEN or TOKEN_FILE, not both"):
        env.secret("TOKEN")


def test_a_secret_file_that_is_missing_stops_the_start(monkeypatch, tmp_path):
    monkeypatch.setenv("TOKEN_FILE", str(tmp_path / "nothing"))
    with pytest.raises(ImproperlyConfigured, match="TOKEN_FILE cannot be read"):
        env.secret("TOKEN")


def test_a_folder_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLACE", "here")
    assert env.folder("PLACE", Path("/elsewhere")) == tmp_path / "here"
