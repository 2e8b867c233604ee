import csv
import hashlib
import io
from pathlib import Path

import pytest

from corpus.models import DatasetVersion
from corpus.versions.freeze import freeze
from tests.corpus.pages import text_of, url
from tests.factories import answer, make_documents, make_project, make_question

pytestmark = pytest.mark.django_db


@pytest.fixture
def answered(project, bob):
    """Three documents: two answered, one of them in the test split."""
    first, second = make_documents(project, "Where is it?", "Unanswered")
    (blind,) = make_documents(project, "Thank you", imported_split="test")
    answer(first, bob, "Late delivery")
    answer(blind, bob, "Praise")
    return first, second, blind


@pytest.fixture
def version(client_of, alice, project, answered) -> DatasetVersion:
    client_of(alice).post(
        url("freeze_dataset", project), {"comment": "The first", "validation": "0"}
    )
    return project.dataset_versions.get()


def test_an_owner_freezes_what_is_answered(project, alice, version):
    assert (version.number, version.comment, version.author) == (1, "The first", alice)
    assert version.documents == 2


def test_a_frozen_version_is_listed_and_has_a_page(client_of, rita, project, version):
    client = client_of(rita)

    assert "Version 1" in text_of(client.get(url("datasets", project)))
    page = client.get(url("dataset", project, 1))
    assert page.context["splits"] == [("train", 1), ("test", 1)]
    table = page.context["questions"][0]
    assert [(row["name"], row["numbers"], row["all"]) for row in table["rows"]] == [
        ("Late delivery", [1, 0], 1),
        ("Praise", [0, 1], 1),
        ("Refund", [0, 0], 0),
    ]
    assert version.sha256 in text_of(page)


def test_the_file_is_the_one_that_was_hashed(client_of, rita, project, version):
    response = client_of(rita).get(url("dataset_file", project, 1))

    data = b"".join(response.streaming_content)
    assert hashlib.sha256(data).hexdigest() == version.sha256
    assert response["Content-Disposition"] == 'attachment; filename="tickets-dataset-1.jsonl"'


def test_a_file_that_was_changed_is_not_handed_out(client_of, rita, project, version):
    with Path(version.file.path).open("ab") as file:
        file.write(b"x")

    response = client_of(rita).get(url("dataset_file", project, 1), follow=True)

    assert response.redirect_chain == [(url("dataset", project, 1), 302)]
    assert "The file of version 1 was changed" in text_of(response)


def test_freezing_the_same_again_makes_no_version_and_says_so(client_of, alice, project, version):
    client = client_of(alice)

    response = client.post(
        url("freeze_dataset", project), {"comment": "Again", "validation": "0"}, follow=True
    )

    assert project.dataset_versions.count() == 1
    assert "Nothing has changed since" in text_of(response)


def test_nothing_answered_is_nothing_to_freeze(client_of, alice, project):
    make_documents(project, "Unanswered")

    response = client_of(alice).post(url("freeze_dataset", project), follow=True)

    assert not project.dataset_versions.exists()
    assert "Nothing is answered yet" in text_of(response)


def test_a_comment_that_is_too_long_is_refused(client_of, alice, project, answered):
    response = client_of(alice).post(url("freeze_dataset", project), {"comment": "x" * 501})

    assert response.status_code == 422
    assert not project.dataset_versions.exists()


def test_a_version_is_exported_in_another_format(client_of, rita, project, version):
    client = client_of(rita)

    client.post(url("export_dataset", project, 1), {"format": "csv", "with_splits": "on"})

    export = project.exports.get()
    response = client.get(url("export_file", project, export.pk))
    data = b"".join(response.streaming_content).decode()
    header, *rows = csv.reader(io.StringIO(data, newline=""))
    assert header == ["id", "text", "topic", "split"]
    assert sorted(rows) == [
        ["D-1", "Where is it?", "Late delivery", "train"],
        ["D-3", "Thank you", "Praise", "test"],
    ]
    assert response["Content-Disposition"] == 'attachment; filename="tickets-dataset-1.csv"'


def test_a_format_that_a_version_cannot_have_is_said_on_its_page(client_of, rita, project, version):
    data = {"format": "json", "spreadsheet_safe": "on"}

    response = client_of(rita).post(url("export_dataset", project, 1), data)

    assert response.status_code == 422
    assert "Only CSV is opened by spreadsheets" in text_of(response)


def test_a_reviewer_freezes_nothing(client_of, rita, project, answered):
    client = client_of(rita)

    assert client.post(url("freeze_dataset", project)).status_code == 403
    assert "Freeze a version" not in text_of(client.get(url("datasets", project)))


@pytest.mark.parametrize("person", ["bob", "vera"])
def test_annotators_and_viewers_see_no_datasets(client_of, project, version, person, request):
    client = client_of(request.getfixturevalue(person))

    for name, args in [("datasets", ()), ("dataset", (1,)), ("dataset_file", (1,))]:
        assert client.get(url(name, project, *args)).status_code == 403


def test_the_version_of_another_project_is_not_found(client_of, alice, project, version):
    elsewhere = make_project(slug="elsewhere")
    make_question(elsewhere)
    elsewhere.memberships.create(user=alice, role="owner")
    client = client_of(alice)

    assert client.get(url("dataset", elsewhere, 1)).status_code == 404
    assert client.get(url("dataset_file", elsewhere, 1)).status_code == 404
    assert client.post(url("export_dataset", elsewhere, 1), {"format": "csv"}).status_code == 404


def test_an_empty_list_says_what_to_do(client_of, alice, project):
    page = text_of(client_of(alice).get(url("datasets", project)))

    assert "No version has been frozen yet." in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_one_and_three(
    client_of, alice, bob, project, count, django_assert_num_queries
):
    client = client_of(alice)
    for document in make_documents(project, count=count):
        answer(document, bob, "Praise")
        client.post(url("freeze_dataset", project))

    with django_assert_num_queries(9):
        page = client.get(url("datasets", project))

    assert len(page.context["page"]) == count


def test_the_page_says_whether_the_file_is_the_one_that_was_frozen(project, alice, client_of):
    (document,) = make_documents(project, "a")
    answer(document, alice, "Refund")
    version = freeze(project=project)
    page = f"/projects/tickets/datasets/{version.number}/"

    assert "Verified" in client_of(alice).get(page).content.decode()

    Path(version.file.path).unlink()
    content = client_of(alice).get(page).content.decode()
    assert "Verified" not in content
    assert "The file of version 1 is missing. Restore it from a backup." in content
