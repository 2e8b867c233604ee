import csv
import io
import json
from pathlib import Path

import pytest

from corpus.models import Export
from projects.models import Job, JobState
from tests.corpus.imports import imported, problems_of
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

    with django_assert_num_queries(10):
        page = client.get(url("exports", project))

    assert len(page.context["page"]) == count


def test_the_list_costs_the_same_however_many_have_filters(
    client_of, alice, bob, project, answered, django_assert_num_queries
):
    client = client_of(alice)
    label = project.questions.get().labels.first()
    for _ in range(3):
        only = {"only-label": label.pk, "only-annotator": bob.pk}
        client.post(url("create_export", project), {"format": "csv", **only})

    with django_assert_num_queries(12):
        page = client.get(url("exports", project))

    words = "what people agree on, with Refund (topic), answered by bob"
    assert text_of(page).count(words) == 3


FIELDS = {
    "csv": {"answers", "with_provenance", "with_model_answers", "with_splits", "spreadsheet_safe"},
    "json": {"answers", "with_provenance", "with_model_answers", "with_splits"},
    "jsonl": {"answers", "with_provenance", "with_model_answers", "with_splits"},
    "txt": set(),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_format_is_offered_with_its_own_options(client_of, alice, project, answered, name):
    page = client_of(alice).get(url("exports", project), {"format": name})

    fields = {field for field in page.context["form"].fields if not field.startswith("only-")}
    assert fields == FIELDS[name]
    assert f'name="format" value="{name}"' in text_of(page)


def test_conll_is_offered_where_spans_are_asked_for(client_of, alice, project, answered):
    client = client_of(alice)
    assert "?format=conll" not in text_of(client.get(url("exports", project)))

    make_question(project, "names", kind="span", labels=["PER"], required=False)

    assert "?format=conll" in text_of(client.get(url("exports", project)))
    form = client.get(url("exports", project), {"format": "conll"}).context["form"]
    assert {"option-scheme", "option-tokenization"} <= set(form.fields)
    assert "option-question" not in form.fields


def test_what_a_format_cannot_say_is_told_before(client_of, alice, project, answered):
    page = text_of(client_of(alice).get(url("exports", project), {"format": "txt"}))

    assert "Ids and metadata stay out." in page
    assert "So do the answers of 1 document." in page


@pytest.fixture
def marked(alice):
    """A project with a span that ends inside a word."""
    project = make_project(slug="names")
    project.memberships.create(user=alice, role="owner")
    make_question(project, "names", kind="span", labels=["PER"], required=False)
    spans = [{"start": 0, "end": 3, "label": "PER"}, {"start": 7, "end": 12, "label": "PER"}]
    row = {"id": "=N-1", "text": "Obama, Biden", "names": spans}
    assert problems_of(imported(project, json.dumps(row), format="jsonl")) == []
    return project


def test_what_a_format_could_not_say_is_told_afterwards(client_of, alice, marked):
    client = client_of(alice)

    client.post(url("create_export", marked), {"format": "conll", "option-scheme": "bioes"})

    export = marked.exports.get()
    assert "1 thing could not be said in CoNLL" in text_of(client.get(url("exports", marked)))
    data, response = content_of(client, "export_unsaid", export)
    (row,) = csv.DictReader(io.StringIO(data.decode(), newline=""))
    assert (row["document"], row["item"]) == ("'=N-1", "“Oba” (PER, 0 to 3)")
    assert f"names-export-{export.pk}-not-said.csv" in response["Content-Disposition"]
    data, _ = content(client, export)
    assert b"Biden\tS-PER" in data


def content_of(client, name, export):
    response = client.get(url(name, export.project, export.pk))
    return b"".join(response.streaming_content), response


def test_each_persons_answers_are_exported_with_provenance(client_of, rita, project, answered):
    client = client_of(rita)

    wanted = {"format": "jsonl", "answers": "everyone", "with_provenance": "on"}
    client.post(url("create_export", project), wanted)

    data, response = content(client, project.exports.get())
    (row,) = [json.loads(line) for line in data.splitlines()]
    assert (row["annotator"], row["topic"], row["provenance"]["arm"]) == (
        "bob",
        "Late delivery",
        "outside",
    )
    assert "tickets-everyone-" in response["Content-Disposition"]


def test_filters_narrow_an_export(client_of, alice, project, answered):
    client = client_of(alice)

    client.post(url("create_export", project), {"format": "csv", "only-state": "done"})

    assert project.exports.get().documents == 1
    assert "what people agree on, done" in text_of(client.get(url("exports", project)))


def test_a_filter_that_cannot_be_meant_is_said_and_stays_open(client_of, alice, project, answered):
    dates = {"only-since": "2026-02-01", "only-until": "2026-01-01"}

    response = client_of(alice).post(url("create_export", project), {"format": "csv", **dates})

    assert response.status_code == 422
    assert "Nothing lies between 2026-02-01 and 2026-01-01." in text_of(response)
    assert response.context["form"].narrows
    assert not Export.objects.exists()


@pytest.fixture
def waiting(client_of, alice, project, answered, settings):
    """An export that no worker has begun."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
    client_of(alice).post(url("create_export", project), {"format": "csv"})
    return project.exports.get()


def test_a_waiting_row_asks_for_itself_and_a_ready_one_does_not(client_of, alice, project, waiting):
    client = client_of(alice)
    address = url("export_row", project, waiting.pk)

    row = text_of(client.get(address))

    assert row.startswith(f'<tr id="export-{waiting.pk}" hx-get="{address}"')
    Job.objects.update(state=JobState.FAILED, error="The disk is full.")
    row = text_of(client.get(address))
    assert "hx-get" not in row
    assert "The disk is full." in row
    assert "Run again" in row


def test_an_export_is_stopped_and_run_again(client_of, alice, project, waiting, settings):
    client = client_of(alice)

    client.post(url("cancel_export", project, waiting.pk))

    waiting.job.refresh_from_db()
    assert waiting.job.state == JobState.CANCELLED
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
    client.post(url("retry_export", project, waiting.pk))
    waiting.refresh_from_db()
    assert waiting.documents == 2
    data, _ = content(client, waiting)
    assert data.startswith(b"id,text,topic")


def test_a_written_export_is_not_run_again(client_of, alice, project, answered):
    client = client_of(alice)
    client.post(url("create_export", project), {"format": "csv"})

    page = client.post(url("retry_export", project, project.exports.get().pk), follow=True)

    assert "Only an export that failed or was stopped" in text_of(page)


def test_a_deleted_export_takes_its_file_along(client_of, alice, project, answered):
    client = client_of(alice)
    client.post(url("create_export", project), {"format": "csv"})
    export = project.exports.get()
    path = Path(export.file.path)
    assert path.exists()

    page = client.post(url("delete_export", project, export.pk), follow=True)

    assert not path.exists()
    assert not project.exports.exists()
    assert f"Deleted {export.file_name}." in text_of(page)


def test_deleting_a_waiting_export_stops_its_job(client_of, alice, project, waiting):
    client_of(alice).post(url("delete_export", project, waiting.pk))

    waiting.job.refresh_from_db()
    assert waiting.job.state == JobState.CANCELLED


@pytest.mark.parametrize("name", ["cancel_export", "retry_export", "delete_export"])
def test_a_reviewer_steers_only_exports_of_their_own(client_of, rita, project, waiting, name):
    client = client_of(rita)

    assert client.post(url(name, project, waiting.pk)).status_code == 403
    assert "Stop" not in text_of(client.get(url("export_row", project, waiting.pk)))

    Export.objects.update(created_by=rita)
    assert client.post(url(name, project, waiting.pk)).status_code == 302


def test_a_file_that_is_gone_is_said(client_of, alice, project, answered):
    client = client_of(alice)
    client.post(url("create_export", project), {"format": "csv"})
    export = project.exports.get()
    Path(export.file.path).unlink()

    assert client.get(url("export_file", project, export.pk)).status_code == 404
