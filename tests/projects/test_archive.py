"""An archived project: nobody is given documents, nothing is lost, everything can be taken out."""

import uuid

import pytest
from django.core.management import CommandError, call_command

from corpus.models import DatasetVersion, Export
from labeling.models import Annotation, AnnotationState, Slot
from labeling.queue import lease_next
from projects.archive import archive, bring_back
from projects.models import Role
from tests.factories import answer, make_documents, make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(project):
    return make_documents(project, count=1)[0]


def test_archiving_gives_back_what_people_hold_here_and_nowhere_else(project, bob, document):
    elsewhere = make_project(slug="elsewhere")
    make_member(elsewhere, "bob", Role.ANNOTATOR)
    make_documents(elsewhere, count=1)
    for each in (project, elsewhere):
        assert lease_next(project=each, annotator=bob)

    assert archive(project=project)

    assert list(Slot.objects.leased().values_list("project__slug", flat=True)) == ["elsewhere"]
    assert lease_next(project=project, annotator=bob) is None


def test_a_project_is_archived_and_brought_back_once(project):
    assert archive(project=project)
    since = project.archived_at

    assert not archive(project=project)
    project.refresh_from_db()
    assert project.archived_at == since
    assert bring_back(project=project)
    assert not bring_back(project=project)
    assert project.archived_at is None


def test_whoever_had_a_document_open_finds_it_again_afterwards(project, bob, document):
    archive(project=project)
    bring_back(project=project)

    assert lease_next(project=project, annotator=bob) == document


def test_late_answers_skips_and_drafts_are_kept(client_of, project, bob, dora, document):
    project.overlap = 2
    project.save(update_fields=["overlap"])
    [other] = make_documents(project, count=1)
    question = project.questions.get()
    chosen = {f"q-{question.pk}": question.labels.first().pk}
    archive(project=project)
    at = f"/projects/tickets/label/{other.pk}"

    said = client_of(bob).post(
        f"{at}/submit", {"client_id": uuid.uuid4(), **chosen}, headers={"HX-Request": "true"}
    )
    client_of(dora).post(f"{at}/draft", {"client_id": uuid.uuid4(), "sequence": 1, **chosen})
    client_of(dora).post(f"{at}/skip", {"client_id": uuid.uuid4(), "reason": "unclear"})

    assert said.headers["Annotate-Saved"]
    assert "This project is archived" in said.content.decode()
    assert set(Annotation.objects.values_list("annotator__username", "state")) == {
        ("bob", AnnotationState.SUBMITTED),
        ("dora", AnnotationState.SKIPPED),
    }


def test_nothing_is_undone_and_no_answer_opened(client_of, project, bob, document):
    answer(document, bob, "Praise")
    archive(project=project)
    client = client_of(bob)

    undone = client.post(
        "/projects/tickets/label/undo",
        {"client_id": uuid.uuid4()},
        headers={"HX-Request": "true"},
    )
    opened = client.get(f"/projects/tickets/label/{document.pk}/").content.decode()

    assert "nothing was undone" in undone.content.decode()
    assert Annotation.objects.get().state == AnnotationState.SUBMITTED
    assert "This project is archived" in opened
    assert document.texts["text"] not in opened.partition('class="marks"')[0]


def test_files_are_not_imported(client_of, project, alice, tmp_path):
    archive(project=project)
    file = tmp_path / "a.csv"
    file.write_text("text\nhello\n")

    page = client_of(alice).get("/projects/tickets/imports/").content.decode()
    with file.open("rb") as upload:
        posted = client_of(alice).post("/projects/tickets/imports/upload", {"file": upload})
    with pytest.raises(CommandError, match="This project is archived"):
        call_command("import_documents", "tickets", str(file))

    assert "Import a file" not in page
    assert posted.status_code == 403
    assert not project.imports.exists()


def test_answers_are_frozen_and_exported(client_of, project, alice, bob, document):
    answer(document, bob, "Praise")
    archive(project=project)
    client = client_of(alice)

    client.post("/projects/tickets/datasets/freeze", {"comment": "The last one"})
    client.post("/projects/tickets/exports/new", {"format": "csv", "answers": "resolved"})

    assert DatasetVersion.objects.get().documents == 1
    assert Export.objects.get().finished_at


@pytest.mark.parametrize("page", ["", "labels/", "guidelines/", "settings/", "imports/"])
def test_pages_of_its_set_up_say_so_and_owners_bring_it_back_there(client_of, project, alice, page):
    archive(project=project)

    shown = client_of(alice).get(f"/projects/tickets/{page}").content.decode()

    assert "Archived since" in shown
    assert 'action="/projects/tickets/settings/unarchive"' in shown


def test_members_see_it_folded_away_and_are_not_led_to_label(client_of, project, bob, document):
    archive(project=project)

    home = client_of(bob).get("/").content.decode()
    overview = client_of(bob).get("/projects/tickets/").content.decode()

    assert "1 archived project<" in home
    assert "/projects/tickets/label/" not in home
    assert "Archived since" in overview
    assert "unarchive" not in overview
    assert "Start labelling" not in overview


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ANNOTATOR, Role.VIEWER])
def test_only_owners_archive_bring_back_and_delete(client_of, project, role):
    client = client_of(make_member(project, "somebody", role))

    for act in ("archive", "unarchive", "delete"):
        data = {"slug": "tickets"}
        assert client.post(f"/projects/tickets/settings/{act}", data).status_code == 403
    project.refresh_from_db()
    assert (project.archived_at, project.deleting_at) == (None, None)
