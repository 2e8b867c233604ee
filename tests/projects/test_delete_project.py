"""Nothing of a deleted project is left, in any table or folder, however often it is interrupted."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import models
from django.utils import timezone

from corpus.models import (
    Export,
    Import,
    ImportedPrediction,
    ImportProblem,
    Redaction,
    StagedAnswers,
)
from corpus.versions import diff
from corpus.versions.freeze import freeze
from corpus.versions.tags import tag
from inference import artifacts
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
from labeling.models import Draft, Event, Exposure, ModelAnnotation, Presence
from projects import delete_project as deletion
from projects import jobs
from projects.delete_project import begin_deleting
from projects.models import Document, DocumentState, Invite, Job, JobState, Project, Role
from projects.workers import pick_up_silent
from tests.factories import answer, make_documents, make_member, make_project, make_question

pytestmark = pytest.mark.django_db(transaction=True)

SHARED = "Both projects hold this"
TABLES = [
    model
    for room in ("projects", "labeling", "corpus", "inference")
    for model in apps.get_app_config(room).get_models()
]


@pytest.fixture(autouse=True)
def own_queue_and_folder(settings, tmp_path):
    """Dispatches wait in the database, so that a test says when the job runs."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"


def parents_of(model: type[models.Model]) -> Iterator[type[models.Model]]:
    for field in model._meta.fields:
        if isinstance(field, models.ForeignKey) and field.remote_field.model is not model:
            yield field.remote_field.model


def belongs_to_a_project(model: type[models.Model]) -> bool:
    return model is Project or any(belongs_to_a_project(parent) for parent in parents_of(model))


OF_PROJECTS = [model for model in TABLES if belongs_to_a_project(model)]


def counts() -> dict[str, int]:
    every = {model.__name__: model._base_manager.count() for model in [*OF_PROJECTS, Vector]}
    return {**every, "Job": Job.objects.exclude(kind=deletion.JOB).count()}


def files() -> set[Path]:
    folders = [Path(settings.MEDIA_ROOT), Path(settings.DATA_DIR) / "diffs"]
    return {path for folder in folders for path in folder.rglob("*") if path.parent != folder}


def fill(slug: str) -> Project:
    """A project with a row in every table, and a file of every kind."""
    project = make_project(slug.title(), slug=slug)
    owner = make_member(project, "alice", Role.OWNER)
    bob = make_member(project, "bob", Role.ANNOTATOR)
    question = make_question(project)
    label = question.labels.first()
    project.guideline_versions.create(number=1, text="Be kind.")
    until = timezone.now() + timedelta(days=1)
    Invite.objects.create(project=project, role="viewer", token_sha256=slug, expires_at=until)
    Job.objects.create(project=project, kind="encode", state=JobState.DONE)
    Presence.objects.create(project=project, user=bob, channel=slug, seen_at=timezone.now())
    fill_documents(project, owner, bob)
    document = project.documents.first()
    Exposure.objects.create(document=document, annotator=bob, question=question)
    ImportedPrediction.objects.create(document=document, question=question, label=label)
    model = ModelVersion(
        project=project, question=question, name="m", number=1, kind="folder", encoder="e",
        last_event=Event.objects.latest("pk"), dataset_version=project.dataset_versions.first(),
    )  # fmt: skip
    model.artifact.save("weights", ContentFile(b"123"))
    Suggestion.objects.create(document=document, question=question, model_version=model)
    LiveWeights.objects.create(question=question, model_version=model)
    Measurement.objects.create(question=question, model_version=model, version="1.1")
    fill_registry(question, model)
    WordStates.objects.create(project=project, text_hash="1" * 64, encoder="e", values=b"")
    return project


def fill_registry(question, model) -> None:
    project, document = question.project, question.project.documents.first()
    folder = Path(settings.DATA_DIR) / f"to-keep-{project.slug}"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    model.folder, model.files = artifacts.keep(folder)
    model.save()
    model.heads.create(project=project, question=question, name="head", number=2, kind="live")
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


def fill_documents(project, owner, bob) -> None:
    make_documents(project, SHARED, f"Only in {project.slug}", "Three", "Four")
    first, second, third, fourth = project.documents.order_by("pk")
    given = answer(first, bob, "Refund")
    answer(first, bob, "Praise", replaces=given.event)
    answer(second, owner, "Praise")
    version = freeze(project=project, comment="", author=owner)
    Draft.objects.create(document=third, annotator=bob, client_id=uuid.uuid4())
    answer(third, owner, "Refund")
    later = freeze(project=project, comment="", author=owner)
    diff.write_index(version, later)
    Redaction.objects.create(dataset_version=version, successor=later)
    tag(version=later, name="paper", author=owner)
    Document.objects.filter(pk=fourth.pk).update(state=DocumentState.STAGED)
    StagedAnswers.objects.create(document=fourth)
    for document in (first, second):
        Vector.objects.get_or_create(text_hash=document.text_hash, encoder="e", values=b"")
    Export(project=project, dataset=version).file.save("a.csv", ContentFile(b"id\n"))
    source = Import(project=project, file_name="a.csv", sha256="0" * 64, size=1, format="csv")
    source.file.save("a.csv", ContentFile(b"text\n"))
    ImportProblem.objects.create(source=source, row=1, message="Bad.")


@pytest.fixture
def other(db):
    """A project that stays."""
    return fill("other")


@pytest.fixture
def before(other):
    """What there was before our project came: rows by table, and files."""
    return counts(), files()


@pytest.fixture
def ours(before):
    return fill("ours")


@pytest.fixture
def owner(ours):
    return ours.memberships.get(role=Role.OWNER).user


def run(job: Job) -> Job:
    jobs.claim_and_run(job.pk)
    job.refresh_from_db()
    return job


def test_the_projects_of_these_tests_have_a_row_in_every_table(ours, before):
    empty = {name for name, count in counts().items() if count <= before[0][name]}

    assert not empty, "fill() forgets a table; see that its rows and files are deleted, too"
    assert len(files() - before[1]) >= 6


def test_every_row_and_file_goes_and_nothing_of_another_project(ours, owner, other, before):
    job = run(begin_deleting(project=ours, owner=owner))

    assert (job.state, job.error) == (JobState.DONE, "")
    assert (counts(), files()) == before
    assert other.events.count() == 4
    assert set(Vector.objects.values_list("text_hash", flat=True)) == {
        document.text_hash
        for document in other.documents.filter(texts__text__in=[SHARED, "Only in other"])
    }


def test_two_projects_that_share_texts_leave_nothing_when_both_go(ours, owner, other):
    both = [begin_deleting(project=project, owner=owner) for project in (ours, other)]

    assert [run(job).state for job in both] == [JobState.DONE] * 2
    assert set(counts().values()) == {0}
    assert not files()


class KillNine(BaseException):
    """What nothing catches."""


@pytest.mark.parametrize("moment", [0, 1, 4, 9, 16, 25])
def test_whoever_takes_over_from_a_killed_worker_finishes(ours, owner, before, monkeypatch, moment):
    monkeypatch.setattr(deletion, "CHUNK", 1)
    remove_rows, left = deletion._remove_rows, iter(range(moment))

    def killed(model, pks):
        """The files of these rows are gone by now, the rows are not."""
        if next(left, None) is None:
            raise KillNine
        remove_rows(model, pks)

    job = begin_deleting(project=ours, owner=owner)
    monkeypatch.setattr(deletion, "_remove_rows", killed)
    with pytest.raises(KillNine):
        jobs.claim_and_run(job.pk)
    monkeypatch.setattr(deletion, "_remove_rows", remove_rows)
    assert Project.objects.filter(pk=ours.pk).exists()
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=5))

    assert pick_up_silent() == 1
    assert run(job).state == JobState.DONE
    assert (counts(), files()) == before


def test_what_comes_in_meanwhile_goes_as_well(ours, owner, before, monkeypatch):
    remove_rows = deletion._remove_rows
    document, bob = ours.documents.first(), ours.memberships.get(role=Role.ANNOTATOR).user
    late = [Draft(document=document, annotator=bob, client_id=uuid.uuid4())]

    def answer_first(model, pks):
        if model is Document and late:
            late.pop().save()
        remove_rows(model, pks)

    monkeypatch.setattr(deletion, "_remove_rows", answer_first)

    assert run(begin_deleting(project=ours, owner=owner)).state == JobState.DONE
    assert not late
    assert (counts(), files()) == before


def test_a_table_that_a_room_forgot_makes_the_job_fail(ours, owner, monkeypatch):
    monkeypatch.setattr(deletion, "removers", deletion.removers[:-1])

    job = run(begin_deleting(project=ours, owner=owner))

    assert job.state == JobState.FAILED
    assert "still points at" in job.error
    assert Project.objects.get(pk=ours.pk).deleting_at


def test_jobs_that_wait_are_cancelled_and_running_ones_waited_for(ours, owner, monkeypatch):
    waiting = jobs.enqueue(project=ours, kind="encode", params={})
    running = jobs.enqueue(project=ours, kind="encode", params={})
    under_way = jobs.JobRun(jobs.claim(running.pk, uuid.uuid4()))
    under_way.raise_if_cancelled()
    rows_while_waiting = []

    def go_on(_seconds):
        """The other worker comes to the end of its chunk."""
        rows_while_waiting.append(ours.documents.count())
        with pytest.raises(jobs.JobCancelled):
            under_way.raise_if_cancelled()
        under_way.finish(JobState.CANCELLED)

    monkeypatch.setattr(deletion.time, "sleep", go_on)
    job = begin_deleting(project=ours, owner=owner)
    waiting.refresh_from_db()

    assert waiting.state == JobState.CANCELLED
    assert run(job).state == JobState.DONE
    assert rows_while_waiting == [4]


def test_a_job_enqueued_for_a_project_that_goes_stops_at_once(ours, owner):
    begin_deleting(project=ours, owner=owner)

    assert run(jobs.enqueue(project=ours, kind="encode", params={})).state == JobState.CANCELLED


def test_the_admins_log_names_nothing_of_it(ours, owner):
    document = ours.documents.first()
    entry = LogEntry.objects.create(
        user=owner,
        content_type=ContentType.objects.get_for_model(Document),
        object_id=str(document.pk),
        object_repr=SHARED,
        action_flag=CHANGE,
    )

    run(begin_deleting(project=ours, owner=owner))
    entry.refresh_from_db()

    assert entry.object_repr == "Gone with its project"


def test_commands_know_it_no_more(ours, owner, tmp_path):
    begin_deleting(project=ours, owner=owner)
    file = tmp_path / "a.csv"
    file.write_text("text\nhello\n")

    for call in (["import_documents", "ours", str(file)], ["freeze_dataset", "ours"]):
        with pytest.raises(CommandError, match="There is no project “ours”"):
            call_command(*call)


def test_whoever_deletes_is_told_how_it_goes_and_that_it_is_gone(client_of, ours, owner):
    client = client_of(owner)
    response = client.post("/projects/ours/settings/delete", {"slug": "ours"}, follow=True)
    job = Job.objects.get(kind=deletion.JOB)
    waiting = response.content.decode()
    run(job)
    told = client.get("/", headers={"HX-Request": "true"}).content.decode()
    Job.objects.update(finished_at=timezone.now() - timedelta(days=2))

    assert response.redirect_chain == [("/", 302)]
    assert "“<bdi>Ours</bdi>” is being deleted." in waiting
    assert "No worker is running" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    assert "is deleted, with 4 documents and 3 answers" in told
    assert "hx-trigger" not in told
    assert "<html" not in told
    assert "Ours" not in client.get("/").content.decode()


def test_a_deletion_that_failed_goes_on_for_whoever_began_it(client_of, ours, owner, monkeypatch):
    kept, deletion.removers[:] = list(deletion.removers), deletion.removers[:-1]
    job = run(begin_deleting(project=ours, owner=owner))
    deletion.removers[:] = kept
    address = f"/deletions/{job.pk}/retry"
    page = client_of(owner).get("/").content.decode()

    client_of(make_member(ours, "rita", Role.OWNER)).post(address)
    job.refresh_from_db()
    by_another = job.state
    client_of(owner).post(address)

    assert f'action="{address}"' in page
    assert by_another == JobState.FAILED
    assert run(job).state == JobState.DONE
    assert not Project.objects.filter(pk=ours.pk).exists()


@pytest.mark.parametrize("deletions", [1, 3])
def test_the_home_page_asks_as_often_for_one_deletion_as_for_three(
    client_of, alice, django_assert_num_queries, deletions
):
    for _ in range(deletions):
        run(begin_deleting(project=make_project(), owner=alice))
    client = client_of(alice)

    with django_assert_num_queries(4):
        page = client.get("/").content.decode()

    assert page.count("is deleted, with 0 documents and 0 answers") == deletions


def test_the_page_before_says_in_words_what_goes(client_of, ours, owner):
    page = client_of(owner).get("/projects/ours/settings/delete").content.decode()

    for words in (
        "4, with everything known about them",
        "3 by 2 people, with their whole history",
        "2 frozen versions, with their files",
        "1, with its file; what was downloaded stays",
        "2 that learned here",
        "2 lose the project",
        "Archive it instead",
    ):
        assert words in page
