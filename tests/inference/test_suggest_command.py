from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from inference.models import ModelVersion
from tests.factories import make_project


@pytest.fixture
def suggest(project, serving, tmp_path, capsys):
    def run(content: str, *, name="texts.jsonl", slug="tickets", **options):
        file = tmp_path / name
        file.write_text(content, encoding="utf-8")
        call_command("suggest", slug, str(file), **options)
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_each_text_gets_a_line(suggest):
    lines = suggest('{"id": "a", "text": "I want a refund"}\n{"text": "praise for the staff"}\n')

    assert [line["row"] for line in lines] == [1, 2]
    assert [line["id"] for line in lines] == ["a", None]
    best = [line["suggestions"]["topic"]["items"][0] for line in lines]
    assert [item["label"] for item in best] == ["Refund", "Praise"]
    assert [item["offered"] for item in best] == [True, True]
    assert lines[0]["suggestions"]["topic"]["model"] == {
        "name": "Fake encoder live",
        "version": "1.0",
    }


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("texts.txt", "I want a refund\n", {}),
        ("texts.csv", "id,text\n1,I want a refund\n", {}),
        ("texts", "I want a refund\n", {"format": "txt"}),
    ],
    ids=["text", "csv", "told"],
)
def test_it_reads_the_formats_of_imports(suggest, name, content, options):
    [line] = suggest(content, name=name, **options)

    assert line["suggestions"]["topic"]["items"][0]["label"] == "Refund"


def test_rows_without_text_are_reported_and_the_others_answered(suggest, capsys):
    with pytest.raises(CommandError, match="2 rows could not be read"):
        suggest('{"text": "I want a refund"}\n{"body": "no text"}\n{"text": 5}\n')

    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 1
    assert "row 2, text: There is no text here." in shown.err


def test_an_unknown_project_is_named(suggest):
    with pytest.raises(CommandError, match="no project “nowhere”"):
        suggest("", slug="nowhere")


def test_a_file_of_no_known_kind_must_be_named(suggest):
    with pytest.raises(CommandError, match="--format"):
        suggest("x", name="texts.bin")


def test_a_missing_file_is_named(project, serving, tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("suggest", "tickets", str(tmp_path / "missing.txt"))


def test_without_an_engine_it_says_why(suggest, settings):
    settings.ENGINE = "off"

    with pytest.raises(CommandError, match="switched off"):
        suggest("text\n", name="texts.txt")
    assert not ModelVersion.objects.exists()


def test_a_project_without_labels_says_so(suggest):
    make_project("Empty", slug="empty")

    with pytest.raises(CommandError, match="No question"):
        suggest("text\n", name="texts.txt", slug="empty")
