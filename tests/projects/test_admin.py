import pytest
from tablib import Dataset

from projects.admin import LabelResource
from projects.models import Label, User
from tests.factories import make_question, make_user

pytestmark = pytest.mark.django_db

PAGES = ["user", "project", "question", "label", "invite"]


@pytest.fixture
def root(client_of, db):
    return client_of(User.objects.create_superuser("root"))


def rows(*given):
    dataset = Dataset(headers=["id", "question", "name", "color", "hotkey"])
    for row in given:
        dataset.append(row)
    return dataset


@pytest.mark.parametrize("model", PAGES)
def test_a_superuser_sees_accounts_and_set_up(root, project, model):
    assert root.get(f"/admin/projects/{model}/").status_code == 200


def test_a_project_is_not_deleted_with_all_its_answers(root, project):
    assert root.post(f"/admin/projects/project/{project.pk}/delete/").status_code == 403


def test_the_admin_has_no_sign_in_of_its_own(client):
    response = client.post("/admin/login/?next=/admin/", {"username": "a", "password": "b"})

    assert response.headers["Location"] == "/accounts/login/?next=/admin/"


def test_who_is_no_staff_is_told_so(client_of, charlie):
    client = client_of(charlie)

    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get("/admin/login/").status_code == 403


def test_labels_are_exported_and_come_back_unchanged(question):
    exported = LabelResource().export(Label.objects.all())

    result = LabelResource().import_data(exported, raise_errors=True)

    assert result.totals["skip"] == 3


def test_labels_are_imported(question):
    refund = question.labels.get(name="Refund")

    LabelResource().import_data(
        rows([refund.pk, question.pk, "Money", "27", "m"], ["", question.pk, "New", "", ""]),
        raise_errors=True,
    )

    assert set(question.labels.values_list("name", flat=True)) == {
        "Money",
        "Late delivery",
        "Praise",
        "New",
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (["Praise", "", ""], "already exists"),
        (["New", "red", ""], "A hue is a number"),
        (["New", "", "z"], "other than s, z, f, h and u"),
        (["New", "", "R"], "has this key"),
        (["", "", ""], "cannot be blank"),
    ],
)
def test_labels_that_do_not_fit_are_refused_with_the_reason(question, fields, reason):
    question.labels.filter(name="Refund").update(hotkey="r")

    result = LabelResource().import_data(rows(["", question.pk, *fields]))

    [invalid] = result.invalid_rows
    assert reason in str(invalid.error)
    assert question.labels.count() == 3


def test_a_label_does_not_move_to_another_question(project, question):
    tone = make_question(project, "tone", labels=[])
    refund = question.labels.get(name="Refund")

    result = LabelResource().import_data(rows([refund.pk, tone.pk, "Refund", "", ""]))

    assert "cannot move" in str(result.invalid_rows[0].error)
    assert not tone.labels.exists()


def test_a_member_of_staff_without_membership_sees_no_project(client_of, project):
    staff = make_user("staff", is_staff=True, is_superuser=True)

    assert client_of(staff).get("/projects/tickets/").status_code == 404
