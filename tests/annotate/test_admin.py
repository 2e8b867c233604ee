"""The admin as a whole: every model is there, for superusers, and what must not change does not."""

import re
import uuid

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from corpus.models import (
    DatasetTag,
    DatasetTagMove,
    Export,
    Import,
    ImportedPrediction,
    ImportProblem,
    Redaction,
    StagedAnswers,
)
from corpus.versions.freeze import freeze
from inference.models import (
    AutoLabelRun,
    Comparison,
    LiveWeights,
    Measurement,
    ModelVersion,
    Promotion,
    RemoteFailure,
    RemoteUse,
    Suggestion,
    Vector,
    WordStates,
)
from labeling.models import Draft, Exposure, ModelAnnotation, Presence, Slot
from projects.models import Invite, Job, Membership, Role, User, WorkerBeat
from tests.factories import answer, make_documents, make_label, make_project, make_question

pytestmark = pytest.mark.django_db

ROOMS = ("projects", "labeling", "corpus", "inference", "annotate")
EDITABLE = {"User", "Project", "Question", "Label"}
MODELS = [model for room in ROOMS for model in apps.get_app_config(room).get_models()]
KEPT = [model for model in MODELS if model.__name__ not in EDITABLE]
INLINE = re.compile(r"<style|\sstyle=\"|<script(?![^>]*\ssrc=)|\son[a-z]+=\"", re.IGNORECASE)


def named(model):
    return model.__name__


def page(model, name="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.fixture
def root(client_of, db):
    return client_of(User.objects.create_superuser("root"))


def world(number):
    """One row of everything, in a project of its own."""
    project = make_project(f"Project {number}", slug=f"p{number}")
    question = make_question(project)
    person = User.objects.create_user(f"person{number}")
    Membership.objects.create(project=project, user=person, role=Role.OWNER)
    [document] = make_documents(project, f"Text {number}")
    event = answer(document, person, "Refund").event
    project.guideline_versions.create(number=1, text="Read.")
    label, now = question.labels.first(), timezone.now()
    Invite.objects.create(project=project, role=Role.VIEWER, token_sha256=number, expires_at=now)
    Job.objects.create(project=project, kind="encode")
    WorkerBeat.objects.create(name=f"worker {number}", started_at=now, beat_at=now)
    Presence.objects.create(project=project, user=person, channel=number, seen_at=now)
    on_document = {"document": document, "annotator": person}
    Draft.objects.create(**on_document, client_id=uuid.uuid4())
    Exposure.objects.create(**on_document, question=question)
    source = Import.objects.create(project=project, file_name="a.csv", size=1, format="csv")
    ImportProblem.objects.create(source=source, row=1, message="Wrong")
    StagedAnswers.objects.create(document=document)
    ImportedPrediction.objects.create(document=document, question=question, label=label)
    version = freeze(project=project)
    Export.objects.create(project=project, dataset=version)
    Redaction.objects.create(dataset_version=version)
    DatasetTag.objects.create(project=project, name="paper", version=version)
    DatasetTagMove.objects.create(project=project, name="paper", version=version)
    model = ModelVersion.objects.create(
        project=project, question=question, name="m", number=1, kind="live", last_event=event
    )
    Suggestion.objects.create(document=document, question=question, model_version=model)
    Vector.objects.create(text_hash=number, encoder="fake", values=b"\0" * 8)
    WordStates.objects.create(project=project, text_hash=number, encoder="fake", values=b"\0")
    LiveWeights.objects.create(question=question)
    Measurement.objects.create(question=question, model_version=model, version="1")
    add_registry(question, model)
    return project


def add_registry(question, model) -> None:
    project, document = question.project, question.project.documents.get()
    Promotion.objects.create(question=question, model_version=model)
    Comparison.objects.create(question=question, first=model, second=model, versions=["1", "1"])
    RemoteUse.objects.create(model_version=model)
    RemoteFailure.objects.create(model_version=model, document=document)
    run = AutoLabelRun.objects.create(
        project=project, question=question, model_version=model, target=0.1, calibration=9, seed=1
    )
    run.documents.create(document=document)
    ModelAnnotation.objects.create(
        project=project, document=document, question=question, items=[], model_version="m", batch=1
    )


def test_every_model_of_every_room_is_there():
    assert [named(model) for model in MODELS if not admin.site.is_registered(model)] == []


def test_a_world_holds_a_row_of_everything():
    world(1)

    assert [named(model) for model in MODELS if not model.objects.exists()] == []


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_a_list_takes_as_many_queries_for_three_rows_as_for_one(
    root, model, django_assert_max_num_queries
):
    world(1)
    with django_assert_max_num_queries(100) as one:
        assert root.get(page(model)).status_code == 200
    world(2)
    world(3)

    with django_assert_max_num_queries(len(one)):
        assert root.get(page(model)).status_code == 200
    assert len(one) <= 12


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_every_list_is_searched_and_every_row_opens_without_inline_code(root, model):
    world(1)

    found = root.get(page(model), {"q": "a"})
    opened = root.get(page(model, "change", model.objects.first().pk))

    assert (found.status_code, opened.status_code) == (200, 200)
    assert INLINE.findall(found.content.decode() + opened.content.decode()) == []


@pytest.mark.parametrize("model", KEPT, ids=named)
def test_what_the_product_keeps_is_not_added_changed_or_deleted(root, model):
    world(1)
    row = model.objects.first()
    before = list(model.objects.values())

    added = root.post(page(model, "add"), {"name": "x"})
    changed = root.post(page(model, "change", row.pk), {"name": "x"})
    deleted = root.post(page(model, "delete", row.pk), {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    root.post(page(model), chosen)

    assert (added.status_code, changed.status_code, deleted.status_code) == (403, 403, 403)
    assert list(model.objects.values()) == before


@pytest.mark.parametrize("name", sorted(EDITABLE))
def test_what_can_be_changed_is_not_deleted_here_either(root, name):
    world(1)
    model = apps.get_model("projects", name)
    rows = model.objects.count()
    row = model.objects.first()

    assert root.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.count() == rows


def test_staff_who_are_no_superusers_get_nothing(client_of):
    staff = client_of(User.objects.create_user("staff", is_staff=True))
    answers = {staff.get(page(model), follow=True).status_code for model in MODELS}

    assert answers == {403}
    assert staff.get("/admin/", follow=True).status_code == 403


def test_an_inactive_superuser_gets_nothing(client_of):
    gone = User.objects.create_superuser("gone", is_active=False)

    assert client_of(gone).get("/admin/").status_code == 302


def test_a_superuser_needs_not_be_staff(client_of):
    root = User.objects.create_user("root", is_superuser=True)

    assert client_of(root).get("/admin/").status_code == 200


def test_there_is_one_page_to_sign_in_one_to_leave_and_one_for_the_password(root):
    assert root.get("/admin/logout/").headers["Location"] == "/accounts/"
    assert root.get("/admin/password_change/").headers["Location"] == "/accounts/password/"


def test_groups_which_would_grant_nothing_are_not_shown(root):
    assert root.get("/admin/auth/group/").status_code == 404


def test_what_was_changed_here_is_written_down_for_good(root):
    question = make_question(make_project())
    label = make_label(question, "New")
    root.post(
        page(type(label), "change", label.pk),
        {"name": "Newer", "description": "", "hotkey": "", "color": "", "position": 3},
    )

    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.user.username) == ("Newer", "root")
    assert root.post(page(LogEntry, "delete", entry.pk), {"post": "yes"}).status_code == 403


def test_a_filter_by_project_narrows_the_list(root):
    project, _ = world(1), world(2)

    shown = root.get(page(Slot), {"project__id__exact": project.pk}).context["cl"]

    assert [slot.project for slot in shown.result_list] == [project]


def test_a_list_by_date_opens(root):
    world(1)

    assert root.get(page(Job), {"created_at__year": timezone.now().year}).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/admin/",
        "/admin/projects/",
        "/admin/projects/user/add/",
        "/admin/projects/user/{root}/password/",
        "/admin/projects/user/{root}/history/",
        "/admin/projects/label/add/",
        "/admin/projects/label/import/",
        "/admin/projects/user/export/",
        "/admin/projects/document/import/",
        "/admin/projects/document/export/",
    ],
)
def test_other_pages_open_without_inline_code(root, address):
    answered = root.get(address.format(root=User.objects.get(username="root").pk))

    assert answered.status_code == 200
    assert INLINE.findall(answered.content.decode()) == []


@pytest.mark.parametrize("name", ["project", "label", "question"])
def test_a_form_does_not_offer_everybody_and_everything(root, name):
    world(1)
    model = apps.get_model("projects", name)
    address = page(model, "change", model.objects.first().pk)
    before = root.get(address).content.count(b"<option")
    for number in range(30):
        make_question(make_project(), f"q{number}", labels=[])
        User.objects.create_user(f"someone{number}")

    assert root.get(address).content.count(b"<option") == before


def test_the_front_page_is_in_order_and_in_words(root):
    page = root.get("/admin/")

    assert [room["name"] for room in page.context["app_list"]] == [
        "People and projects",
        "Answers",
        "Files and versions",
        "Models",
        "This admin",
        "Background work",
    ]
    assert "Staged answers<" in page.content.decode()


def test_superusers_find_the_admin_in_their_menu(root, client_of, charlie):
    assert 'href="/admin/"' in root.get("/").content.decode()
    assert 'href="/admin/"' not in client_of(charlie).get("/").content.decode()
