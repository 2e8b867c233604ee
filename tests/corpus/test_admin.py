"""Documents as tables of the admin: shown, then brought in by the importer; and out again."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from corpus import document_tables
from corpus.models import Import, ImportState
from projects.models import Document, DocumentState, User
from projects.xlsx import Xlsx
from tests.factories import make_documents, make_project, make_question

pytestmark = pytest.mark.django_db

FORMATS = ["csv", "xlsx", "json", "safe"]


@pytest.fixture
def root(client_of, db):
    return client_of(User.objects.create_superuser("root"))


@pytest.fixture
def survey(db):
    project = make_project(slug="survey", text_fields=["title", "body"])
    make_question(project, "themes", labels=["Price"], multiple=True, required=False)
    return project


def upload(client, content, name="table.csv"):
    data = content if isinstance(content, bytes) else content.encode()
    number = FORMATS.index(name.rsplit(".")[-1])
    form = {"import_file": SimpleUploadedFile(name, data), "format": str(number), "resource": "0"}
    return client.post("/admin/projects/document/import/", form)


def confirm(client, preview):
    form = preview.context["confirm_form"].initial
    return client.post("/admin/projects/document/process_import/", form, follow=True)


def exported(client, form, query=""):
    number = FORMATS.index(form)
    return client.post(
        f"/admin/projects/document/export/{query}", {"format": str(number), "resource": "0"}
    )


def test_a_preview_saves_nothing_and_the_importer_does_the_rest(root, project, survey):
    table = (
        "project,id,text,topic,title,body,themes,split,meta.shop\r\n"
        'tickets,T-1,"Two\r\nlines",Refund,,,,,3\r\n'
        'survey,S-1,,,First,Body,"[""Price""]",test,\r\n'
        "tickets,,Without an id,,,,,,\r\n"
    )
    preview = upload(root, table)

    assert "Two\r\nlines" in preview.content.decode()
    assert not Document.objects.exists()
    assert not Import.objects.exists()

    done = confirm(root, preview)

    assert "Importing. The reports:" in done.content.decode()
    states = Import.objects.order_by("project").values_list("state", "file_name", "documents")
    assert list(states) == [
        (ImportState.DONE, "table.csv", 2),
        (ImportState.DONE, "table.csv", 1),
    ]
    first, second = project.documents.all()
    assert first.texts == {"text": "Two\r\nlines"}
    assert (first.meta, first.external_id, second.external_id) == ({"shop": 3}, "T-1", "")
    assert first.annotations.get().answers.get().label.name == "Refund"
    [only] = survey.documents.all()
    assert only.texts == {"title": "First", "body": "Body"}
    assert (only.imported_split, only.slots.count(), only.state) == ("test", 1, DocumentState.DONE)


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("nowhere,N-1,Text,", "project", "no project “nowhere”"),
        ("tickets,N-1,Text,Furious", "topic", "no label “Furious”"),
        ("tickets,N-1,,Refund", "", "There is no text"),
        ("tickets,D-1,Text,", "id", "is in the project already"),
        ("tickets,OK,Text,", "id", "was used by an earlier row"),
        ("tickets,N-1,a\0b,", "text", "U+0000"),
    ],
)
def test_a_row_is_refused_for_what_its_import_would_refuse(root, project, row, field, reason):
    make_documents(project, "There already")

    shown = upload(root, f"project,id,text,topic\ntickets,OK,Fine,Refund\n{row}\n")

    text = shown.content.decode()
    assert "Nothing was imported" in text
    assert f"<td>2</td><td>{f'<code>{field}</code>' if field else ''}</td>" in text
    assert reason in text
    assert (Document.objects.count(), Import.objects.count()) == (1, 0)


def test_a_table_without_projects_or_too_long_for_a_page_is_refused(root, project, monkeypatch):
    monkeypatch.setattr(document_tables, "MOST_ROWS", 1)

    assert "The column “project” is missing" in upload(root, "id,text\n1,a\n").content.decode()
    long = upload(root, "project,text\ntickets,a\ntickets,b\n").content.decode()
    assert "There are 2 rows; 1 is the most here" in long


def test_a_project_that_went_after_the_preview_is_said_and_nothing_is_brought_in(root, project):
    preview = upload(root, "project,text\ntickets,a\n")
    project.delete()

    assert "There is no project “tickets”" in confirm(root, preview).content.decode()
    assert not Import.objects.exists()


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_documents_go_out_and_come_back_the_same_in_another_project(root, project, form):
    project.documents.create(
        external_id="=A-1",
        position=0,
        texts={"text": "שלום 😀\n=1+1"},
        text_hash="1",
        meta={"year": "2024", "n": 2024, "nothing": None, "deep": {"a": [1, "x"]}},
        imported_split="test",
    )
    project.documents.create(position=1, texts={"text": "007"}, text_hash="2")
    make_documents(project, "gone", state=DocumentState.DELETED)
    make_question(make_project(slug="copies"))

    data = exported(root, form).content
    if form == "xlsx":
        moved = Xlsx().create_dataset(data)
        rows = [["copies", *row[1:]] for row in moved]
        data = Xlsx().export_data(type(moved)(moved.headers, rows))
    else:
        data = data.replace(b"tickets", b"copies")
    confirm(root, upload(root, data, f"a.{form}"))

    values = ("external_id", "texts", "meta", "imported_split")
    copies = Document.objects.filter(project__slug="copies").order_by("position")
    originals = project.documents.published().order_by("position")
    assert list(copies.values(*values)) == list(originals.values(*values))


def test_a_text_too_long_for_xlsx_is_named_by_its_document_and_length(root, project):
    [document] = make_documents(project, "x" * 40_000)

    text = exported(root, "xlsx").content.decode()

    assert (
        f"Document {document.pk} (D-1), text: it is 40,000 characters long; a cell holds 32,767."
    ) in text
    assert json.loads(exported(root, "json").content)[0]["text"] == "x" * 40_000


def test_an_export_holds_what_the_list_shows(root, project, survey):
    make_documents(project, "one", "two")
    survey.documents.create(position=0, texts={"title": "T", "body": "B"}, text_hash="1")

    assert len(json.loads(exported(root, "json").content)) == 3
    found = json.loads(exported(root, "json", f"?project__id__exact={survey.pk}").content)
    assert found == [{"project": "survey", "id": "", "title": "T", "body": "B", "split": ""}]
    safe = exported(root, "safe", "?q=D-2").content.decode().splitlines()
    assert safe == ["project,id,text,split", "tickets,D-2,two,"]


def test_an_export_does_not_ask_for_each_document(root, project, django_assert_max_num_queries):
    make_documents(project, count=1)
    with django_assert_max_num_queries(20) as one:
        exported(root, "csv")
    make_documents(project, count=2)

    with django_assert_max_num_queries(len(one)):
        exported(root, "csv")
