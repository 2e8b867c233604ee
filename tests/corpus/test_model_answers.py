"""What a model answers goes out only when asked for, marked, and never as anybody's answer."""

from __future__ import annotations

import csv
import io
import json

import pytest

from corpus.exports.exporting import write_export
from corpus.exports.options import CannotExport, Options
from corpus.versions.freeze import freeze
from labeling.label_by_model import label_by_model
from tests.corpus.pages import text_of, url
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db


@pytest.fixture
def labelled(project, question, bob):
    """One document that Bob answered, one that a model labels, one that nobody did."""
    by_bob, by_model, _ = make_documents(project, "a", "b", "c")
    answer(by_bob, bob, "Praise")
    refund = question.labels.get(name="Refund")
    items = [{"label": refund.pk, "score": 0.97, "offered": True}]
    label_by_model(
        question=question, items={by_model.pk: items}, model_version="m-1", batch=1, actor=None
    )
    return refund


def exported(project, **options):
    out = io.BytesIO()
    write_export(out, project=project, options=Options(**options))
    return out.getvalue().decode()


def test_they_stand_in_a_column_of_their_own(project, labelled):
    rows = list(
        map(json.loads, exported(project, format="jsonl", with_model_answers=True).split("\n")[:-1])
    )

    said = {"question": "topic", "model": "m-1", "items": [{"label": "Refund", "score": 0.97}]}
    assert [row.get("topic") for row in rows] == ["Praise", None, None]
    assert [row["model_answers"] for row in rows] == [[], [said], []]


def test_a_table_holds_them_as_json_and_with_provenance(project, labelled):
    text = exported(project, with_model_answers=True, with_provenance=True)

    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [bool(json.loads(row["model_answers"])) for row in rows] == [False, True, False]
    assert [bool(json.loads(row["provenance"])) for row in rows] == [True, False, False]


def test_nobody_gets_them_unasked(project, labelled):
    assert "m-1" not in exported(project)
    assert "m-1" not in exported(project, format="jsonl", answers="everyone")


def test_an_answer_whose_label_is_gone_is_not_told(project, labelled):
    labelled.delete()

    assert "m-1" not in exported(project, with_model_answers=True)


def test_a_version_never_holds_them(project, labelled):
    version = freeze(project=project)

    assert version.documents == 1
    with pytest.raises(CannotExport, match="never holds what a model answers"):
        write_export(
            io.BytesIO(),
            project=project,
            dataset=version,
            options=Options(with_model_answers=True),
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"answers": "everyone"}, "beside what people agree on"),
        ({"format": "txt"}, "no place for the answers of models"),
    ],
)
def test_where_they_do_not_fit_they_are_refused(project, labelled, options, message):
    with pytest.raises(CannotExport, match=message):
        exported(project, with_model_answers=True, **options)


def test_the_form_asks_and_the_list_says_so(client_of, alice, project, labelled):
    client = client_of(alice)

    client.post(url("create_export", project), {"format": "csv", "with_model_answers": "on"})

    assert project.exports.get().with_model_answers
    assert "with answers of models" in text_of(client.get(url("exports", project)))
