"""Freezing with filters and the files of a version, as people see them."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from corpus.erase import erase
from corpus.versions.freeze import freeze
from corpus.versions.recipe import Recipe
from tests.corpus.pages import text_of, url
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db
FILES = ("dataset_file", "dataset_parquet", "dataset_folder", "dataset_card")


@pytest.fixture
def answered(project, bob, dora):
    project.overlap = 2
    project.save()
    documents = make_documents(project, "One", "Two", "Three")
    for document in documents:
        answer(document, bob, "Refund")
    answer(documents[0], dora, "Refund")
    return documents


def test_an_owner_freezes_with_filters_and_reads_them_in_words(
    client_of, alice, project, answered, bob
):
    client = client_of(alice)
    asked = {
        "annotators": [bob.pk, "import"],
        "blind": "without",
        "answers": "everyone",
        "validation": "0",
    }

    client.post(url("freeze_dataset", project), asked)

    version = project.dataset_versions.get()
    assert version.recipe == {
        "filters": {"annotators": f"{bob.pk},import", "blind": "without"},
        "validation": 0,
        "answers": "everyone",
    }
    for page in (url("datasets", project), url("dataset", project, 1)):
        text = text_of(client.get(page))
        assert "only answers of bob, imports" in text.replace("<bdi>", "")
        assert "without blind documents" in text


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"validation": "31"}, "less than or equal to 30"),
        ({"annotators": ["12345"]}, "12345 is not one of the available choices"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, "Exchange the two dates"),
    ],
)
def test_a_freeze_that_cannot_be_meant_is_refused_on_the_page(
    client_of, alice, project, answered, wrong, message
):
    response = client_of(alice).post(url("freeze_dataset", project), wrong)

    assert response.status_code == 422
    assert message in text_of(response)
    assert not project.dataset_versions.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_of_a_version_costs_the_same_for_one_and_three(
    client_of, alice, project, bob, count, django_assert_num_queries
):
    for document in make_documents(project, count=count):
        answer(document, bob, "Praise")
    freeze(project=project)
    client = client_of(alice)

    with django_assert_num_queries(14):
        page = client.get(url("dataset", project, 1))

    assert "Data card" in text_of(page)


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_handed_out_checked(client_of, rita, project, answered, name):
    version = freeze(project=project, recipe=Recipe(validation=10))
    client = client_of(rita)

    whole = client.get(url(name, project, 1))
    assert whole.status_code == 200
    assert b"".join(whole.streaming_content)

    for field in (version.file, version.parquet):
        with Path(field.path).open("ab") as file:
            file.write(b"x")
    damaged = client.get(url(name, project, 1), follow=True)
    assert damaged.redirect_chain == [(url("dataset", project, 1), 302)]
    assert "was changed" in text_of(damaged)


def test_an_erased_version_keeps_no_text_in_any_file(client_of, alice, project, answered):
    version = freeze(project=project, recipe=Recipe(answers="everyone"))
    paths = [Path(field.path) for field in (version.file, version.parquet)]

    erase(document=answered[0], owner=alice, reason="asked", client_id=uuid.uuid4())

    successor = project.dataset_versions.first()
    client = client_of(alice)
    for name in FILES:
        assert client.get(url(name, project, 1)).url == url("dataset", project, 1)
    assert client.get(url("dataset", project, 1)).status_code == 200
    assert successor.recipe == version.recipe
    assert successor.card["splits"] == {"train": 2}
    assert "overlap" not in successor.card
    assert b"One" not in Path(successor.parquet.path).read_bytes()
    assert paths[0] != Path(successor.file.path)


def test_a_version_from_before_there_were_cards_still_has_everything(
    client_of, alice, project, answered
):
    version = freeze(project=project)
    type(version)._base_manager.filter(pk=version.pk)._raw_delete("default")
    version.pk = None
    version.card, version.card_sha256, version.recipe = {}, "", {}
    version.parquet, version.parquet_sha256, version.parquet_size = "", "", 0
    version._state.adding = True
    version.save()
    client = client_of(alice)

    assert client.get(url("dataset", project, 1)).status_code == 200
    for name in FILES:
        assert b"".join(client.get(url(name, project, 1)).streaming_content)
