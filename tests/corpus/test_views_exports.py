import csv
import io
import json

import pytest

from corpus.models import Export
from projects.models import JobState
from tests.corpus.pages import text_of, url
from tests.factories import answer, make_documents, make_project, make_question

pytestmark = pytest.mark.django_db


@pytest.fixture
def answered(project, bob):
    """Two documents, the first of them answered."""
    documents = make_documents(project, "Where is it?", "=1+1")
    answer(documents[0], bob, "Late delivery")
    return documents


def content(client, export):
    response = client.get(url("export_file", export.project, export.pk))
    return b"".join(response.streaming_content), response


@pytest.mark.parametrize("person", ["alice", "rita"])
def test_an_export_is_made_and_downloaded(client_of, project, answered, person, request):
    client = client_of(request.getfixturevalue(person))

    client.post(url("create_export", project), {"format": "csv"})

    export = project.exports.get()
    data, response = content(client, export)
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert rows == [
        {"id": "D-1", "text": "Where is it?", "topic": "Late delivery"},
        {"id": "D-2", "text": "=1+1", "topic": ""},
    ]
    name = f"tickets-export-{export.pk}.csv"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response["Content-Type"] == "text/csv"
    assert response["Content-Length"] == str(len(data))


def test_a_spreadsheet_safe_export_runs_no_formula(client_of, alice, project, answered):
    client = client_of(alice)

    client.post(url("create_export", project), {"format": "csv", "spreadsheet_safe": "on"})

    data, _ = content(client, project.exports.get())
    assert b"'=1+1" in data


def test_an_export_has_the_splits_if_they_are_wanted(client_of, alice, project, answered):
    client = client_of(alice)

    client.post(url("create_export", project), {"format": "jsonl", "with_splits": "on"})

    data, _ = content(client, project.exports.get())
    assert [json.loads(line)["split"] for line in data.splitlines()] == ["train", "train"]


def test_what_cannot_be_exported_is_said_on_the_form(client_of, alice, project, answered):
    client = client_of(alice)

    response = client.post(
        url("create_export", project), {"format": "jsonl", "spreadsheet_safe": "on"}
    )

    assert response.status_code == 422
    assert "Only CSV is opened by spreadsheets" in text_of(response)
    assert not Export.objects.exists()


def test_an_unknown_format_is_refused(client_of, alice, project, answered):
    response = client_of(alice).post(url("create_export", project), {"format": "exe"})

    assert response.status_code == 422


def test_a_failed_export_says_why(client_of, alice, project):
    make_documents(project, "one\ntwo")
    client = client_of(alice)

    client.post(url("create_export", project), {"format": "txt"})

    export = project.exports.get()
    assert export.job.state == JobState.FAILED
    assert "has line breaks" in text_of(client.get(url("exports", project)))
    assert client.get(url("export_file", project, export.pk)).status_code == 404


def test_a_waiting_export_says_that_no_worker_runs(client_of, alice, project, answered, settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
    client = client_of(alice)
    client.post(url("create_export", project), {"format": "csv"})

    page = text_of(client.get(url("exports", project)))

    assert "No worker is running" in page


@pytest.mark.parametrize("person", ["bob", "vera"])
def test_annotators_and_viewers_export_nothing(
    client_of, alice, project, answered, person, request
):
    client_of(alice).post(url("create_export", project), {"format": "csv"})
    export = project.exports.get()
    client = client_of(request.getfixturevalue(person))

    assert client.get(url("exports", project)).status_code == 403
    assert client.post(url("create_export", project), {"format": "csv"}).status_code == 403
    assert client.get(url("export_file", project, export.pk)).status_code == 403


def test_the_export_of_another_project_is_not_found(client_of, alice, project, answered):
    client = client_of(alice)
    client.post(url("create_export", project), {"format": "csv"})
    elsewhere = make_project(slug="elsewhere")
    make_question(elsewhere)
    elsewhere.memberships.create(user=alice, role="owner")

    export = project.exports.get()

    assert client.get(url("export_file", elsewhere, export.pk)).status_code == 404


def test_an_empty_project_says_that_there_is_nothing_to_export(client_of, rita, project):
    page = text_of(client_of(rita).get(url("exports", project)))

    assert "There is nothing to export yet." in page
    assert url("imports", project) not in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_one_and_three(
    client_of, alice, project, answered, count, django_assert_num_queries
):
    client = client_of(alice)
    for _ in range(count):
        client.post(url("create_export", project), {"format": "csv"})

    with django_assert_num_queries(6):
        page = client.get(url("exports", project))

    assert len(page.context["page"]) == count
