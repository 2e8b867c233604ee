import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from corpus.models import Import, ImportState
from labeling.models import Annotation, Slot
from projects import jobs
from projects.models import DocumentState, JobState
from tests.corpus.pages import text_of, url
from tests.factories import make_project, make_question

pytestmark = pytest.mark.django_db

CSV = b"id,text,topic,customer\r\nA-1,Where is it?,Late delivery,7\r\nA-2,Thank you,Praise,8\r\n"


def upload(client, project, content=CSV, name="mail.csv", **data):
    file = SimpleUploadedFile(name, content)
    return client.post(url("upload_import", project), {"file": file, **data})


def uploaded(client, project, content=CSV, name="mail.csv", **data) -> Import:
    upload(client, project, content, name, **data)
    return project.imports.get()


def columns(page):
    """The form's answers as the page proposes them."""
    form = page.context["form"]
    chosen = {field.html_name: field.value() for field, _ in form.columns()}
    return {**chosen, "on_bad_rows": "keep_good"}


def start(client, source, **changed):
    page = client.get(source.get_absolute_url())
    data = {**columns(page), **changed}
    response = client.post(url("start_import", source.project, source.pk), data)
    source.refresh_from_db()
    return response


def test_a_file_is_uploaded_its_columns_chosen_and_its_documents_and_answers_come_in(
    client_of, alice, project
):
    client = client_of(alice)
    source = uploaded(client, project)

    response = start(client, source)

    assert response.url == source.get_absolute_url()
    assert source.state == ImportState.DONE
    documents = project.documents.order_by("position")
    assert [(row.external_id, row.texts, row.meta) for row in documents] == [
        ("A-1", {"text": "Where is it?"}, {"customer": 7}),
        ("A-2", {"text": "Thank you"}, {"customer": 8}),
    ]
    answers = Annotation.objects.order_by("document__position")
    assert [row.answers.get().label.name for row in answers] == ["Late delivery", "Praise"]
    assert "2 documents came in, 2 of them with answers." in text_of(client.get(response.url))


def test_nothing_is_added_before_the_columns_are_chosen(client_of, alice, project):
    source = uploaded(client_of(alice), project)

    assert source.state == ImportState.READY
    assert not project.documents.exists()


def test_known_columns_are_proposed_as_what_they_are_called_and_show_their_values(
    client_of, alice, project
):
    client = client_of(alice)
    source = uploaded(client, project)

    page = client.get(source.get_absolute_url())

    found = {
        field.label: (field.value(), values) for field, values in page.context["form"].columns()
    }
    assert found == {
        "id": ("id", "“A-1” · “A-2”"),
        "text": ("text", "“Where is it?” · “Thank you”"),
        "topic": ("topic", "“Late delivery” · “Praise”"),
        "customer": ("meta.customer", "“7” · “8”"),
    }


def test_columns_mean_what_the_owner_says(client_of, alice, project):
    client = client_of(alice)
    source = uploaded(client, project, b"body,id\r\nHello,9\r\n")

    start(client, source, **{"column-0": "text", "column-1": "ignore"})

    document = project.documents.get()
    assert (document.texts, document.external_id, document.meta) == ({"text": "Hello"}, "", {})


def test_columns_without_a_text_are_sent_back(client_of, alice, project):
    client = client_of(alice)
    source = uploaded(client, project, b"body\r\nHello\r\n")

    response = start(client, source, **{"column-0": "meta.body"})

    assert response.status_code == 422
    assert "Say which column is “text”" in text_of(response)
    assert source.state == ImportState.READY


def test_two_columns_cannot_be_the_same_thing(client_of, alice, project):
    client = client_of(alice)
    source = uploaded(client, project, b"text,body\r\nHello,World\r\n")

    response = start(client, source, **{"column-1": "text"})

    assert response.status_code == 422
    assert "“text” is mapped to two columns" in text_of(response)


def test_markup_in_a_file_is_shown_and_not_run(client_of, alice, project):
    client = client_of(alice)
    content = b"text,<b>x</b>\r\n<script>alert(1)</script>,<i>y</i>\r\n"
    source = uploaded(client, project, content, name="<s>.csv")

    page = client.get(source.get_absolute_url()).content.decode()

    for markup in ("<script>alert", "<b>x", "<i>y", "<s>"):
        assert markup not in page


def test_bad_rows_are_listed_and_can_be_downloaded_with_what_they_held(client_of, alice, project):
    client = client_of(alice)
    source = uploaded(client, project, CSV + b"A-3,Bonjour,=Greeting,9\r\n")

    response = start(client, source)

    page = text_of(client.get(response.url))
    assert "2 documents came in, 2 of them with answers. 1 row did not." in page
    assert "There is no label “=Greeting”." in page
    report = client.get(url("import_problems", project, source.pk))
    assert report["Content-Disposition"] == (
        f'attachment; filename="tickets-import-{source.pk}-problems.csv"'
    )
    header, row = b"".join(report.streaming_content).decode().splitlines()
    assert header == "row,column,problem,what to do,as it came,came in"
    assert row.startswith("4,topic,There is no label “=Greeting”.")
    assert "Bonjour" in row


def test_nothing_comes_in_if_that_was_chosen_and_a_row_is_bad(client_of, alice, project):
    client = client_of(alice)
    source = uploaded(client, project, CSV + b"A-1,Again,Praise,9\r\n")

    response = start(client, source, on_bad_rows="all_or_nothing")

    assert source.state == ImportState.REFUSED
    assert not project.documents.exists()
    assert "Nothing was imported: 1 of 3 rows cannot be used." in text_of(client.get(response.url))


def test_unknown_labels_are_created_if_that_was_chosen(client_of, alice, project, question):
    client = client_of(alice)
    source = uploaded(client, project, b"text,topic\r\nHola,Greeting\r\n")

    start(client, source, create_labels="on")

    assert question.labels.filter(name="Greeting").exists()
    assert project.documents.get().state == DocumentState.DONE


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"PK\x03\x04" + bytes(50), "mail.csv", "ZIP archive"),
        (b"", "mail.csv", "The submitted file is empty."),
        (b"[1", "mail.bin", "“mail.bin” does not tell. Choose one."),
        (b"\xff\xfet\x00", "mail.csv", "UTF-16"),
        (b"   \n", "mail.csv", "The file is empty."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(client_of, alice, project, content, name, message):
    client = client_of(alice)

    response = upload(client, project, content, name)

    if response.status_code == 302:
        response = client.get(response.url)
    assert message in text_of(response)
    assert not project.documents.exists()


def test_a_file_that_was_imported_before_is_recognised(client_of, alice, project):
    client = client_of(alice)
    start(client, uploaded(client, project))

    page = client.get(upload(client, project).url)

    assert "The same file was imported on" in text_of(page)


def test_starting_twice_imports_once(client_of, alice, project):
    client = client_of(alice)
    source = uploaded(client, project)
    start(client, source)

    again = client.post(url("start_import", project, source.pk), {})

    assert again.url == source.get_absolute_url()
    assert project.documents.count() == 2


def test_a_file_can_be_thrown_away_before_it_is_imported(client_of, alice, project):
    client = client_of(alice)
    source = uploaded(client, project)

    client.post(url("discard_import", project, source.pk))

    source.refresh_from_db()
    assert (source.state, bool(source.file)) == (ImportState.CANCELLED, False)


@pytest.fixture
def stopped(client_of, alice, project, monkeypatch):
    """An import that broke behind its first chunk, one document staged."""
    monkeypatch.setattr("corpus.imports.staging.CHUNK_ROWS", 1)
    client = client_of(alice)
    source = uploaded(client, project)
    progress = jobs.JobRun.progress

    def broken(*args, **kwargs):
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(jobs.JobRun, "progress", broken)
    start(client, source)
    monkeypatch.setattr(jobs.JobRun, "progress", progress)
    assert source.job.state == JobState.FAILED
    assert project.documents.count() == 1
    return source


def test_an_import_that_stopped_goes_on_where_it_stopped(client_of, alice, project, stopped):
    client = client_of(alice)
    assert "stopped before it was whole" in text_of(client.get(stopped.get_absolute_url()))

    client.post(url("resume_import", project, stopped.pk))

    stopped.refresh_from_db()
    assert stopped.state == ImportState.DONE
    ids = project.documents.published().order_by("position").values_list("external_id", flat=True)
    assert list(ids) == ["A-1", "A-2"]
    assert Slot.objects.count() == 2


def test_an_import_that_stopped_can_be_thrown_away(client_of, alice, project, stopped):
    client = client_of(alice)

    client.post(url("discard_import", project, stopped.pk))

    stopped.refresh_from_db()
    assert stopped.state == ImportState.CANCELLED
    assert not project.documents.exists()


def test_an_import_that_is_done_cannot_be_thrown_away(client_of, alice, project):
    client = client_of(alice)
    source = uploaded(client, project)
    start(client, source)

    client.post(url("discard_import", project, source.pk))

    source.refresh_from_db()
    assert source.state == ImportState.DONE
    assert project.documents.count() == 2


def test_the_import_of_another_project_is_not_found(client_of, alice, project):
    client = client_of(alice)
    source = uploaded(client, project)
    elsewhere = make_project(slug="elsewhere")
    make_question(elsewhere)
    elsewhere.memberships.create(user=alice, role="owner")

    for name in ("import", "import_problems"):
        assert client.get(url(name, elsewhere, source.pk)).status_code == 404
    for name in ("start_import", "discard_import", "resume_import"):
        assert client.post(url(name, elsewhere, source.pk)).status_code == 404


@pytest.mark.parametrize("person", ["rita", "bob", "vera"])
def test_only_owners_import(client_of, project, alice, person, request):
    source = uploaded(client_of(alice), project)
    client = client_of(request.getfixturevalue(person))

    assert client.get(url("imports", project)).status_code == 403
    assert upload(client, project).status_code == 403
    assert client.post(url("start_import", project, source.pk)).status_code == 403


def test_an_empty_list_says_what_to_do(client_of, alice, project):
    page = text_of(client_of(alice).get(url("imports", project)))

    assert "Nothing has been imported yet." in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_one_and_three(
    client_of, alice, project, count, django_assert_num_queries
):
    client = client_of(alice)
    for number in range(count):
        upload(client, project, name=f"mail-{number}.csv")

    with django_assert_num_queries(5):
        page = client.get(url("imports", project))

    assert len(page.context["page"]) == count
