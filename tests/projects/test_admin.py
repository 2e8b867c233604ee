"""Labels and people as tables of the admin; what their pages there refuse."""

import json
from io import BytesIO

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tablib import Dataset

from projects.models import Label, Membership, Role, User
from projects.resources import LabelResource, PeopleResource
from projects.sheets import Csv, Json
from projects.xlsx import Xlsx
from tests.factories import make_member, make_project, make_question, make_user

pytestmark = pytest.mark.django_db

LABELS = ["id", "project", "question", "name", "color", "hotkey"]
FORMATS = [Csv, Xlsx, Json]


@pytest.fixture
def root(client_of, db):
    return client_of(User.objects.create_superuser("root"))


def rows(headers, *given):
    dataset = Dataset(headers=headers)
    for row in given:
        dataset.append(row)
    return dataset


def upload(client, model, content, name="table.csv"):
    """What the preview page answers. The formats are csv, xlsx, json."""
    file = SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())
    number = ["csv", "xlsx", "json"].index(name.rsplit(".")[-1])
    data = {"import_file": file, "format": str(number), "resource": "0"}
    return client.post(f"/admin/projects/{model}/import/", data)


def confirm(client, model, preview):
    form = preview.context["confirm_form"]
    return client.post(f"/admin/projects/{model}/process_import/", form.initial, follow=True)


def test_a_project_is_not_deleted_with_all_its_answers(root, project):
    assert root.post(f"/admin/projects/project/{project.pk}/delete/").status_code == 403


def test_the_admin_has_no_sign_in_of_its_own(client):
    response = client.post("/admin/login/?next=/admin/", {"username": "a", "password": "b"})

    assert response.headers["Location"] == "/accounts/login/?next=/admin/"


def test_who_is_no_superuser_is_told_so(client_of, charlie):
    client = client_of(charlie)

    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get("/admin/login/").status_code == 403


def test_a_superuser_without_membership_sees_no_project_outside_the_admin(root, project):
    assert root.get("/projects/tickets/").status_code == 404


def test_a_project_keeps_an_owner_here_too(root, project, alice):
    [membership] = project.memberships.all()
    inline = {
        "name": "Tickets",
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": membership.pk,
        "memberships-0-project": project.pk,
        "memberships-0-user": alice.pk,
        "memberships-0-role": "viewer",
    }
    address = f"/admin/projects/project/{project.pk}/change/"

    refused = root.post(address, inline)

    assert "A project needs an owner." in refused.content.decode()
    assert root.post(address, inline | {"memberships-0-role": "owner"}).status_code == 302
    assert project.memberships.get().role == Role.OWNER


def test_a_label_is_checked_as_on_its_own_page(root, question):
    refund = question.labels.get(name="Refund")
    address = f"/admin/projects/label/{refund.pk}/change/"
    new = {"name": "Money", "description": "", "hotkey": "z", "color": "red", "position": 0}

    refused = root.post(address, new).content.decode()

    assert "other than s, z, f, h and u" in refused
    assert "A hue is a number" in refused
    assert root.post(address, new | {"hotkey": "M", "color": "27"}).status_code == 302
    refund.refresh_from_db()
    assert (refund.name, refund.hotkey, refund.color) == ("Money", "m", "27")


@pytest.mark.parametrize("form", FORMATS)
def test_labels_go_out_and_come_back_unchanged(question, form):
    question.labels.filter(name="Refund").update(name="=1+1", description="Zeile 1\nZeile 2 😀")

    written = form().export_data(LabelResource().export(Label.objects.all()))
    result = LabelResource().import_data(form().create_dataset(written), raise_errors=True)

    assert result.totals["skip"] == 3


def test_labels_are_changed_by_id_and_made_without(question):
    refund = question.labels.get(name="Refund")

    LabelResource().import_data(
        rows(
            LABELS,
            [refund.pk, "tickets", "topic", "Money", "27", "M"],
            ["", "tickets", "topic", "New", "", ""],
            ["", "tickets", "topic", "Newer", "", ""],
        ),
        raise_errors=True,
    )

    assert list(question.labels.values_list("name", "hotkey", "position")) == [
        ("Money", "m", 0),
        ("Late delivery", "", 1),
        ("Praise", "", 2),
        ("New", "", 3),
        ("Newer", "", 4),
    ]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (["", "tickets", "topic", "Praise", "", ""], "name", "has this name"),
        (["", "tickets", "topic", "New", "red", ""], "color", "A hue is a number"),
        (["", "tickets", "topic", "New", "", "z"], "hotkey", "other than s, z, f, h and u"),
        (["", "tickets", "topic", "New", "", "R"], "hotkey", "has this key"),
        (["", "tickets", "topic", "", "", ""], "name", "required"),
        (["", "tickets", "topic", "a\0b", "", ""], "name", "U+0000 at character 2"),
        (["", "tickets", "topic", "\ud800", "", ""], "name", "surrogate pair at character 1"),
        (["", "elsewhere", "topic", "New", "", ""], "question", "no project “elsewhere”"),
        (["", "tickets", "tone", "New", "", ""], "question", "no question “tone”"),
        (["9999", "tickets", "topic", "New", "", ""], "id", "no label of this id"),
    ],
)
def test_labels_that_do_not_fit_are_refused_by_row_and_field(question, row, field, reason):
    question.labels.filter(name="Refund").update(hotkey="r")
    good = ["", "tickets", "topic", "Good", "", ""]

    result = LabelResource().import_data(rows(LABELS, good, row))

    [invalid] = result.invalid_rows
    assert invalid.number == 2
    assert reason in " ".join(invalid.field_specific_errors[field])
    assert question.labels.count() == 3


def test_a_label_does_not_move_to_another_question(project, question):
    tone = make_question(project, "tone", labels=[])
    refund = question.labels.get(name="Refund")

    result = LabelResource().import_data(
        rows(LABELS, [refund.pk, "tickets", "tone", "Refund", "", ""])
    )

    assert "cannot move" in str(result.invalid_rows[0].error)
    assert not tone.labels.exists()


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (["project", "question", "name", "colour"], "no column “colour”"),
        (["project", "name"], "“question” is missing"),
    ],
)
def test_a_table_of_other_columns_is_refused_whole(root, question, headers, reason):
    shown = upload(root, "label", ",".join(headers) + "\n" + ",".join("x" for _ in headers))

    assert reason in shown.content.decode()
    assert question.labels.count() == 3


def test_a_table_is_shown_before_it_is_taken_in(root, question):
    refund = question.labels.get(name="Refund")
    table = f"id,project,question,name\n{refund.pk},tickets,topic,Refunds <b>\n,tickets,topic,New\n"

    preview = upload(root, "label", table)

    text = preview.content.decode()
    assert "Refund<ins>s &lt;b&gt;</ins>" in text
    assert "style=" not in text
    assert question.labels.count() == 3

    done = confirm(root, "label", preview).content.decode()
    assert "Imported: 1 new, 1 changed, 0 as they were." in done
    assert question.labels.filter(name__in=["Refunds <b>", "New"]).count() == 2


def test_a_refused_table_names_row_and_field_on_the_page(root, question):
    shown = upload(root, "label", "project,question,name,hotkey\ntickets,topic,New,zz\n")

    text = shown.content.decode()
    assert "Nothing was imported" in text
    assert "<td>1</td><td><code>hotkey</code></td>" in text
    assert "confirm_form" not in shown.context


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", "project,question,name\ntickets,topic\n", "Row 1 has 2 cells; there are 3"),
        ("a.csv", b"name\n\xff\n", "Byte 6 is not UTF-8"),
        ("a.csv", "name,name\na,b\n", "“name” stands twice"),
        ("a.csv", "", "The submitted file is empty"),
        ("a.json", '{"name": 1}', "list of objects"),
        ("a.json", '[{"name": 1, "name": 2}]', "“name” stands twice"),
        ("a.json", "[1]", "Row 1 is not a JSON object"),
        ("a.json", "[", "not valid JSON"),
        ("a.xlsx", b"PK nothing", "not an XLSX file"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(root, question, name, content, reason):
    assert reason in upload(root, "label", content, name).content.decode()


def test_fields_of_json_go_by_their_names_in_any_order(question):
    table = Json().create_dataset(
        json.dumps(
            [
                {"project": "tickets", "question": "topic", "name": "A", "hotkey": "a"},
                {"hotkey": "b", "name": "B", "question": "topic", "project": "tickets"},
            ]
        ).encode()
    )

    LabelResource().import_data(table, raise_errors=True)

    assert list(question.labels.values_list("name", "hotkey")[3:]) == [("A", "a"), ("B", "b")]


def test_an_export_page_sends_what_the_list_shows(root, question):
    response = root.post("/admin/projects/label/export/?q=Praise", {"format": "0", "resource": "0"})

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    [header, row] = response.content.decode().splitlines()
    assert header == "id,project,question,name,description,color,hotkey,position"
    assert row.endswith("tickets,topic,Praise,About praise.,,,2")


def test_a_cell_too_long_for_xlsx_is_reported_and_not_cut(root, question):
    label = question.labels.get(name="Praise")
    question.labels.filter(pk=label.pk).update(description="x" * 40_000)

    response = root.post("/admin/projects/label/export/", {"format": "1", "resource": "0"})

    assert response.headers["Content-Type"].startswith("text/html")
    assert "description: it is 40,000 characters long; a cell holds 32,767." in (
        response.content.decode()
    )
    whole = root.post("/admin/projects/label/export/", {"format": "0", "resource": "0"})
    assert "x" * 40_000 in whole.content.decode()


def test_the_safe_csv_runs_nothing_and_xlsx_holds_no_formula(root, question):
    question.labels.filter(name="Praise").update(name="=cmd()")

    safe = root.post("/admin/projects/label/export/", {"format": "3", "resource": "0"})
    book = root.post("/admin/projects/label/export/", {"format": "1", "resource": "0"})

    assert "'=cmd()" in safe.content.decode()
    sheet = openpyxl.load_workbook(BytesIO(book.content)).active
    assert {cell.data_type for row in sheet.rows for cell in row} <= {"inlineStr", "s", "n"}
    assert "=cmd()" in [cell.value for row in sheet.rows for cell in row]


def test_nobody_but_a_superuser_imports_or_exports(client_of, question):
    staff = client_of(User.objects.create_user("staff", is_staff=True))

    for page in ("import", "export", "process_import"):
        assert staff.post(f"/admin/projects/label/{page}/", {}, follow=True).status_code == 403


PEOPLE = ["username", "first_name", "email", "roles"]


@pytest.mark.parametrize("form", FORMATS)
def test_people_go_out_with_their_roles_and_come_back_unchanged(project, alice, bob, form):
    make_user("nobody", first_name="No", email="no@example.org")

    written = form().export_data(PeopleResource().export(User.objects.all()))
    result = PeopleResource().import_data(form().create_dataset(written), raise_errors=True)

    assert result.totals["skip"] == 3
    assert b"password" not in written


def test_people_come_in_without_a_password_and_with_their_roles(project, alice):
    survey = make_project(slug="survey")

    result = PeopleResource().import_data(
        rows(
            PEOPLE,
            ["eve", "Eve", "eve@example.org", "tickets: annotator; survey: reviewer"],
            ["alice", "Alice", "", ""],
        ),
        raise_errors=True,
    )

    eve = User.objects.get(username="eve")
    assert (result.totals["new"], result.totals["update"]) == (1, 1)
    assert not eve.has_usable_password()
    assert (eve.is_staff, eve.is_superuser) == (False, False)
    assert {(row.project, row.role) for row in eve.memberships.all()} == {
        (project, "annotator"),
        (survey, "reviewer"),
    }
    alice.refresh_from_db()
    assert alice.check_password("correct horse")
    assert project.memberships.get(user=alice).role == Role.OWNER


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (["eve", "", "", "tickets: boss"], "roles", "“tickets: boss” is not a role"),
        (["eve", "", "", "nowhere: owner"], "roles", "no project “nowhere”"),
        (["eve", "", "", "tickets: owner; tickets: viewer"], "roles", "stands twice"),
        (["eve", "", "not an address", ""], "email", "valid email"),
        (["e v e", "", "", ""], "username", "valid username"),
        (["", "", "", ""], "username", "needs one"),
        (["ALICE", "", "", ""], "username", "in other capitals"),
        (["alice", "", "", "tickets: viewer"], "roles", "needs an owner"),
        (["eve", "a\0b", "", ""], "first_name", "U+0000"),
    ],
)
def test_people_who_do_not_fit_are_refused_by_row_and_field(project, alice, row, field, reason):
    good = ["carl", "Carl", "", "tickets: viewer"]

    result = PeopleResource().import_data(rows(PEOPLE, good, row))

    [invalid] = result.invalid_rows
    assert invalid.number == 2
    assert reason in " ".join(invalid.field_specific_errors[field])
    assert list(User.objects.values_list("username", flat=True)) == ["alice"]
    assert Membership.objects.get().role == Role.OWNER


def test_people_are_shown_before_they_come_in(root, project):
    preview = upload(root, "user", "username,roles\nzoe,tickets: viewer\n")

    assert "tickets: viewer" in preview.content.decode()
    assert not User.objects.filter(username="zoe").exists()

    confirm(root, "user", preview)
    assert User.objects.get(username="zoe").memberships.get().role == Role.VIEWER


def test_lists_do_not_ask_for_each_row(root, project, django_assert_num_queries):
    for name in ("ann", "ben", "cem"):
        make_member(project, name, Role.VIEWER)

    with django_assert_num_queries(7):
        root.get("/admin/projects/membership/")


def test_an_upload_is_gone_once_it_was_taken_in(root, question, settings):
    preview = upload(root, "label", "project,question,name\ntickets,topic,New\n")
    folder = settings.DATA_DIR / "admin-uploads"
    name = preview.context["confirm_form"].initial["import_file_name"]

    assert (folder / name).is_file()
    confirm(root, "label", preview)
    assert not (folder / name).exists()
