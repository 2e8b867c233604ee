"""Names of dataset versions: found, moved, removed, and what became of them."""

from __future__ import annotations

import pytest

from corpus.models import DatasetTagMove, DatasetVersion
from corpus.versions.freeze import freeze
from corpus.versions.tags import BadTag, checked, find, tag, untag
from tests.corpus.pages import text_of, url
from tests.factories import answer, make_documents, make_project, make_question

pytestmark = pytest.mark.django_db


def frozen(project, bob) -> DatasetVersion:
    (document,) = make_documents(project, count=1)
    answer(document, bob, "Refund")
    return freeze(project=project)


def test_a_version_is_found_by_number_and_by_tag(project, bob):
    first, second = frozen(project, bob), frozen(project, bob)
    tag(version=first, name="paper-v1", author=bob)

    assert find(project, "paper-v1") == first
    assert find(project, "2") == second
    for name in ("3", "paper", "²", "9" * 30):
        with pytest.raises(DatasetVersion.DoesNotExist):
            find(project, name)


def test_a_tag_of_another_project_is_not_found(project, bob):
    other = make_project()
    make_question(other)
    tag(version=frozen(other, bob), name="paper", author=bob)

    with pytest.raises(DatasetVersion.DoesNotExist):
        find(project, "paper")


def test_a_tag_moves_and_its_history_stays(project, bob):
    first, second = frozen(project, bob), frozen(project, bob)

    assert tag(version=first, name="best", author=bob).before is None
    assert tag(version=first, name="best", author=bob).before == first
    assert tag(version=second, name="best", author=bob).before == first
    assert not untag(version=first, name="best", author=bob)
    assert untag(version=second, name="best", author=bob)

    assert not project.dataset_tags.exists()
    moves = DatasetTagMove.objects.filter(project=project).order_by("pk")
    assert [move.version for move in moves] == [first, second, None]


@pytest.mark.parametrize("name", ["", "7", "-a", "a b", "ä", "a" * 61, "freeze", "a/b"])
def test_names_that_an_address_cannot_hold_are_refused(name):
    with pytest.raises(BadTag):
        checked(name)


def test_an_owner_tags_moves_and_removes_on_the_page(client_of, alice, project, bob):
    client = client_of(alice)
    first, second = frozen(project, bob), frozen(project, bob)

    client.post(url("tag_dataset", project, 1), {"name": "paper-v1"})
    moved = client.post(url("tag_dataset", project, 2), {"name": "paper-v1"}, follow=True)

    assert "paper-v1 pointed at version 1 until now." in text_of(moved)
    assert [each.name for each in second.tags.all()] == ["paper-v1"]
    assert not first.tags.exists()
    assert "paper-v1" in text_of(client.get(url("datasets", project)))
    assert "paper-v1" in text_of(client.get(url("dataset", project, 1)))  # its history

    client.post(url("untag_dataset", project, 2), {"name": "paper-v1"})
    assert not second.tags.exists()


def test_a_bad_tag_says_why_where_it_was_written(client_of, alice, project, bob):
    frozen(project, bob)

    response = client_of(alice).post(url("tag_dataset", project, 1), {"name": "7"})

    assert response.status_code == 422
    assert "Begin with a letter" in text_of(response)


def test_an_address_may_name_the_tag(client_of, rita, project, bob):
    tag(version=frozen(project, bob), name="paper-v1", author=None)
    client = client_of(rita)
    page = "/projects/tickets/datasets/"

    assert client.get(f"{page}paper-v1/").url == f"{page}1/"
    assert client.get(f"{page}paper-v1/", {"file": "parquet"}).url == f"{page}1/parquet"
    assert client.get(f"{page}nothing/").status_code == 404
