import uuid
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.utils import timezone

from corpus.models import Export
from corpus.versions.freeze import freeze
from inference.models import Vector
from labeling.models import Event
from labeling.queue import lease_next
from projects import jobs
from projects.delete_project import begin_deleting
from projects.models import Invite, Job, Project, Role, User
from tests.factories import answer, make_documents, make_member, make_project, make_question

pytestmark = pytest.mark.django_db

ROOMS = ("projects", "labeling", "corpus", "inference")


def counts():
    return {
        model.__name__: model._base_manager.count()
        for room in ROOMS
        for model in apps.get_app_config(room).get_models()
        if model is not Job
    }


@pytest.fixture
def filled(project, alice, bob, question):
    """The project with work in it, a dataset version and a file of an export."""
    project.guideline_versions.create(number=1, text="Be kind.")
    first, second = make_documents(project, "One", "Two")
    given = answer(first, bob, "Refund")
    answer(first, bob, "Praise", replaces=given.event)
    answer(second, alice, "Praise")
    freeze(project=project, comment="", author=alice)
    export = Export(project=project)
    export.file.save("a.csv", ContentFile(b"id\n"))
    Vector.objects.create(text_hash=first.text_hash, encoder="e", values=b"")
    return project


@pytest.mark.django_db(transaction=True)
def test_deleting_leaves_nothing_but_people_and_other_projects(filled, alice):
    export = Export.objects.get()
    dataset = filled.dataset_versions.get()
    other = make_project(slug="other")
    make_question(other)
    [kept] = make_documents(other, "Kept")
    make_member(other, "alice", Role.OWNER)
    answer(kept, alice, "Praise")
    Vector.objects.create(text_hash=kept.text_hash, encoder="e", values=b"")

    job = begin_deleting(project=filled, owner=alice)

    assert (job.state, job.error) == ("done", "")
    assert {name: n for name, n in counts().items() if n} == {
        "User": 2,
        "Project": 1,
        "Question": 1,
        "Label": 3,
        "Membership": 1,
        "Document": 1,
        "Slot": 1,
        "Event": 1,
        "Annotation": 1,
        "Answer": 1,
        "Vector": 1,
    }
    assert not export.file.storage.exists(export.file.name)
    assert not dataset.file.storage.exists(dataset.file.name)


def test_a_deletion_that_was_stopped_goes_on_where_it_was(filled, alice, monkeypatch):
    monkeypatch.setattr("projects.delete_project.CHUNK", 1)
    told = iter(range(10))

    def stop_soon(run):
        if next(told, None) is None:
            raise jobs.JobError("The power went.")

    with monkeypatch.context() as patched:
        patched.setattr(jobs.JobRun, "raise_if_cancelled", stop_soon)
        job = begin_deleting(project=filled, owner=alice)
    assert job.state == "failed"
    assert Event.objects.exists()

    jobs.retry(job)

    job.refresh_from_db()
    assert job.state == "done"
    assert set(counts().values()) == {0, User.objects.count()}


def test_a_project_that_is_going_is_hidden_at_once_and_its_address_free(
    client_of, filled, alice, bob
):
    begin_deleting(project=filled, owner=alice)

    assert client_of(bob).get("/projects/tickets/").status_code == 404
    assert client_of(bob).get(f"/projects/deleted.{filled.pk}/").status_code == 404
    assert "Support tickets" not in client_of(bob).get("/").content.decode()
    assert client_of(alice).post("/new/", {"name": "Tickets", "start": "empty"}).url == (
        "/projects/tickets/"
    )


def test_two_owners_delete_once(filled, alice):
    assert begin_deleting(project=filled, owner=alice)
    assert begin_deleting(project=filled, owner=alice) is None


@pytest.mark.parametrize(("typed", "status", "left"), [("ticket", 422, 1), ("tickets", 302, 0)])
def test_whoever_deletes_types_the_address(client_of, filled, alice, typed, status, left):
    page = client_of(alice).get("/projects/tickets/settings/delete").content.decode()
    response = client_of(alice).post("/projects/tickets/settings/delete", {"slug": typed})

    assert "<dt>Documents</dt><dd>2, with" in page
    assert response.status_code == status
    assert Project.objects.filter(deleting_at=None).count() == left


def test_an_archived_project_gives_no_documents_and_keeps_late_answers(
    client_of, project, alice, bob
):
    [document] = make_documents(project, count=1)
    lease_next(project=project, annotator=bob)
    client_of(alice).post("/projects/tickets/settings/archive")
    question = project.questions.get()
    chosen = {"client_id": uuid.uuid4(), f"q-{question.pk}": question.labels.first().pk}

    page = client_of(bob).get("/projects/tickets/label/").content.decode()
    client_of(bob).post(f"/projects/tickets/label/{document.pk}/submit", {**chosen, "next": "0"})

    assert "This project is archived" in page
    assert Event.objects.get().actor == bob


def test_an_archived_project_is_read_only_until_it_is_brought_back(client_of, project, alice):
    owner, question = client_of(alice), project.questions.get()
    add = f"/projects/tickets/labels/questions/{question.pk}/add"
    owner.post("/projects/tickets/settings/archive")

    refused = owner.post(add, {"name": "New"})
    home = owner.get("/").content.decode()
    owner.post("/projects/tickets/settings/unarchive")
    owner.post(add, {"name": "New"})

    assert refused.status_code == 403
    assert "Bring it back" in refused.content.decode()
    assert "1 archived project" in home
    assert question.labels.filter(name="New").exists()


def test_no_link_leads_into_an_archived_project(project, client_of, alice):
    until = timezone.now() + timedelta(days=1)
    Invite.objects.create(project=project, role="viewer", token_sha256="0" * 64, expires_at=until)
    assert Invite.objects.open().exists()

    client_of(alice).post("/projects/tickets/settings/archive")

    assert not Invite.objects.open().exists()


def test_people_leave_by_themselves_but_not_the_last_owner(client_of, project, alice, bob):
    client_of(bob).post("/projects/tickets/leave")
    client_of(alice).post("/projects/tickets/leave")

    assert list(project.memberships.values_list("user__username", flat=True)) == ["alice"]
