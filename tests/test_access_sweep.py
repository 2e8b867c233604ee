"""Every address with every kind of person: nobody sees or does what they may not."""

import hashlib
import io
import json
import uuid
import zipfile
from dataclasses import dataclass
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from corpus.models import DatasetVersion, Export, Import
from inference.importing.waiting import receive
from inference.models import AutoLabelRun, ModelVersion
from inference.routing import websocket_urlpatterns
from labeling.models import Annotation, AnnotationState
from projects.models import Invite, Job, Role
from tests.factories import make_documents, make_member, make_project, make_question, make_user

pytestmark = pytest.mark.django_db

SIGNED_IN, PUBLIC = "anybody who signed in", "everybody"
# Spelled out here, so that a slip in projects.access cannot change what is expected of it.
OWNERS = frozenset({"owner"})
EXPORTERS = frozenset({"owner", "reviewer"})
LABELLERS = frozenset({"owner", "reviewer", "annotator"})
READERS = frozenset({"owner", "reviewer", "annotator", "viewer"})
GET, POST = "get", "post"


@dataclass(frozen=True)
class Route:
    method: str
    who: object


ROUTES = {
    # process
    "healthz": Route(GET, PUBLIC),
    "readyz": Route(GET, PUBLIC),
    # accounts
    "home": Route(GET, SIGNED_IN),
    "new_project": Route(GET, SIGNED_IN),
    "retry_deletion": Route(POST, SIGNED_IN),
    "account": Route(GET, SIGNED_IN),
    "password_change": Route(GET, SIGNED_IN),
    "login": Route(GET, PUBLIC),
    "logout": Route(POST, PUBLIC),
    "password_reset": Route(GET, PUBLIC),
    "password_reset_done": Route(GET, PUBLIC),
    "password_reset_confirm": Route(GET, PUBLIC),
    "password_reset_complete": Route(GET, PUBLIC),
    "invite": Route(GET, PUBLIC),
    # projects
    "project": Route(GET, READERS),
    "labels_css": Route(GET, READERS),
    "guidelines": Route(GET, READERS),
    "edit_guidelines": Route(POST, OWNERS),
    "settings": Route(POST, OWNERS),
    "project_config": Route(GET, OWNERS),
    "queue_settings": Route(POST, OWNERS),
    "archive_project": Route(POST, OWNERS),
    "unarchive_project": Route(POST, OWNERS),
    "delete_project": Route(POST, OWNERS),
    "leave_project": Route(POST, READERS),
    "labels": Route(GET, OWNERS),
    "add_question": Route(POST, OWNERS),
    "change_question": Route(POST, OWNERS),
    "delete_question": Route(POST, OWNERS),
    "add_label": Route(POST, OWNERS),
    "add_labels": Route(POST, OWNERS),
    "change_label": Route(POST, OWNERS),
    "delete_label": Route(POST, OWNERS),
    "change_suggestions": Route(POST, OWNERS),
    "merge_label": Route(POST, OWNERS),
    "people": Route(GET, OWNERS),
    "new_invite": Route(POST, OWNERS),
    "revoke_invite": Route(POST, OWNERS),
    "set_role": Route(POST, OWNERS),
    "remove_member": Route(POST, OWNERS),
    "jobs": Route(GET, EXPORTERS),
    "job": Route(GET, EXPORTERS),
    "cancel_job": Route(POST, EXPORTERS),
    "retry_job": Route(POST, EXPORTERS),
    # labeling
    "documents": Route(GET, EXPORTERS),
    "document": Route(GET, EXPORTERS),
    "delete_documents": Route(POST, OWNERS),
    "restore_documents": Route(POST, OWNERS),
    "requeue_documents": Route(POST, OWNERS),
    "correct_answer": Route(POST, OWNERS),
    "withdraw_answer": Route(POST, OWNERS),
    "put_back_answer": Route(POST, OWNERS),
    "label": Route(GET, LABELLERS),
    "label_document": Route(GET, LABELLERS),
    "submit": Route(POST, LABELLERS),
    "skip": Route(POST, LABELLERS),
    "undo": Route(POST, LABELLERS),
    "draft": Route(POST, LABELLERS),
    # corpus
    "erase_document": Route(POST, OWNERS),
    "imports": Route(GET, OWNERS),
    "upload_import": Route(POST, OWNERS),
    "import": Route(GET, OWNERS),
    "start_import": Route(POST, OWNERS),
    "resume_import": Route(POST, OWNERS),
    "discard_import": Route(POST, OWNERS),
    "import_problems": Route(GET, OWNERS),
    "exports": Route(GET, EXPORTERS),
    "create_export": Route(POST, EXPORTERS),
    "export_row": Route(GET, EXPORTERS),
    "export_file": Route(GET, EXPORTERS),
    "export_unsaid": Route(GET, EXPORTERS),
    "cancel_export": Route(POST, EXPORTERS),
    "retry_export": Route(POST, EXPORTERS),
    "delete_export": Route(POST, EXPORTERS),
    "datasets": Route(GET, EXPORTERS),
    "freeze_dataset": Route(POST, OWNERS),
    "dataset": Route(GET, EXPORTERS),
    "export_dataset": Route(POST, EXPORTERS),
    "dataset_file": Route(GET, EXPORTERS),
    "dataset_parquet": Route(GET, EXPORTERS),
    "dataset_folder": Route(GET, EXPORTERS),
    "dataset_card": Route(GET, EXPORTERS),
    "tag_dataset": Route(POST, OWNERS),
    "untag_dataset": Route(POST, OWNERS),
    "tagged_dataset": Route(GET, EXPORTERS),
    "dataset_diff": Route(GET, EXPORTERS),
    "dataset_diff_file": Route(GET, EXPORTERS),
    "compare_datasets": Route(POST, EXPORTERS),
    # inference
    "models": Route(GET, READERS),
    "model": Route(GET, READERS),
    "lineage": Route(GET, READERS),
    "lineage_json": Route(GET, READERS),
    "import_model": Route(POST, OWNERS),
    "map_model": Route(POST, OWNERS),
    "model_folder": Route(GET, EXPORTERS),
    "push_model": Route(POST, OWNERS),
    "train": Route(POST, OWNERS),
    "training": Route(GET, READERS),
    "stop_training": Route(POST, OWNERS),
    "resume_training": Route(POST, OWNERS),
    "add_remote": Route(POST, OWNERS),
    "remote_try": Route(GET, OWNERS),
    "registry": Route(GET, READERS),
    "predictions": Route(GET, EXPORTERS),
    "export_predictions": Route(GET, EXPORTERS),
    "predict": Route(POST, OWNERS),
    "stop_predicting": Route(POST, OWNERS),
    "auto_label": Route(GET, READERS),
    "start_auto_label": Route(POST, OWNERS),
    "choose_auto_label": Route(POST, OWNERS),
    "apply_auto_label": Route(POST, OWNERS),
    "undo_auto_label": Route(POST, OWNERS),
    "stop_auto_label": Route(POST, OWNERS),
    "resume_auto_label": Route(POST, OWNERS),
    "promote_model": Route(POST, OWNERS),
    "archive_model": Route(POST, OWNERS),
    "evaluate_model": Route(POST, OWNERS),
    "rollback_model": Route(POST, OWNERS),
    "compare_models": Route(GET, READERS),
    "run_comparison": Route(POST, OWNERS),
}
IN_PROJECTS = sorted(name for name, route in ROUTES.items() if isinstance(route.who, frozenset))
NUMBERED = dict.fromkeys(
    (
        "dataset",
        "export_dataset",
        "dataset_file",
        "dataset_parquet",
        "dataset_folder",
        "dataset_card",
        "tag_dataset",
        "untag_dataset",
        "dataset_diff",
        "dataset_diff_file",
        "compare_datasets",
    ),
    "dataset",
)


def patterns(resolver=None):
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield entry
        elif entry.namespace != "admin":
            yield from patterns(entry)


def parameters_of(name):
    [(_, names)] = get_resolver().reverse_dict.getlist(name)[0][0]
    return names


class World:
    """One project with one row of everything that an address can name."""

    def __init__(self, slug, username):
        self.project = project = make_project(slug=slug)
        self.owner = make_member(project, username, Role.OWNER)
        self.question = make_question(project)
        [document] = make_documents(project, count=1)
        invite = Invite.objects.create(
            project=project,
            role=Role.VIEWER,
            token_sha256=uuid.uuid4().hex,
            expires_at=timezone.now() + timedelta(days=1),
        )
        member = make_member(project, f"{username}-member", Role.VIEWER)
        self.arguments = {
            "slug": slug,
            "document_id": document.pk,
            "annotation_id": self.make_annotation(document).pk,
            "question_id": self.question.pk,
            "label_id": self.question.labels.first().pk,
            "membership_id": project.memberships.get(user=member).pk,
            "invite_id": invite.pk,
            "job_id": Job.objects.create(project=project, kind="export_dataset").pk,
            "training_id": self.make_training().pk,
            "try_id": self.make_try().pk,
            "run_id": self.make_run().pk,
            "import_id": self.make_import().pk,
            "export_id": self.make_export().pk,
            "question": self.question.name,
            "tag": slug,
            "upload": self.make_upload(),
            "token": "guess",
            "uidb64": "x",
        }
        self.numbers = {"dataset": self.make_dataset().number, "model": self.make_model().number}

    def make_annotation(self, document):
        return Annotation.objects.create(
            project=self.project, document=document, state=AnnotationState.SUBMITTED
        )

    def make_import(self):
        source = Import(
            project=self.project, file_name="a.csv", sha256="0" * 64, size=1, format="csv"
        )
        source.file.save("a.csv", ContentFile(b"text\nhello\n"))
        return source

    def make_export(self):
        export = Export(project=self.project, finished_at=timezone.now())
        export.file.save("a.csv", ContentFile(b"id\n"))
        return export

    def make_dataset(self):
        head = {"format": "annotate-dataset", "number": 1, "text_fields": [], "questions": []}
        content = json.dumps(head).encode() + b"\n"
        version = DatasetVersion(
            project=self.project,
            number=1,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            documents=0,
            counts={"splits": {}, "questions": []},
        )
        version.file.save("1.jsonl", ContentFile(content))
        self.project.dataset_tags.create(name=self.project.slug, version=version)
        return version

    def make_training(self):
        params = {"question": self.question.pk, "dataset": 0}
        return Job.objects.create(project=self.project, kind="train", params=params)

    def make_try(self):
        params = {"question": self.question.pk, "name": "remote", "chosen": {}}
        return Job.objects.create(project=self.project, kind="try_remote", params=params)

    def make_run(self):
        version = ModelVersion.objects.create(
            project=self.project, question=self.question, name="folder", number=2, kind="folder"
        )
        return AutoLabelRun.objects.create(
            project=self.project,
            question=self.question,
            model_version=version,
            state="answering",
            target=0.1,
            calibration=20,
            seed=1,
        )

    def make_upload(self):
        """A model's folder that waits to have its labels mapped."""
        config = {"architectures": ["BertForSequenceClassification"], "id2label": {0: "a", 1: "b"}}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("config.json", json.dumps(config))
            archive.writestr("model.safetensors", b"")
            archive.writestr("tokenizer.json", b"{}")
        return receive(self.project, packed, "theirs.zip")

    def make_model(self):
        return ModelVersion.objects.create(
            project=self.project, question=self.question, name="live", number=1, kind="live"
        )

    def url(self, name, **others):
        """The address of this world's rows; `others` replaces some by another world's."""
        names = parameters_of(name)
        given = {**self.arguments, "number": self.numbers[NUMBERED.get(name, "model")], **others}
        return reverse(name, kwargs={key: given[key] for key in names})


@pytest.fixture
def world(db):
    return World("ours", "olga")


def ask(client, name, url):
    data = {"client_id": str(uuid.uuid4()), "next": "0"}
    response = getattr(client, ROUTES[name].method)(url, data)
    if response.streaming:
        response.getvalue()
    return response


def test_every_address_is_in_the_table():
    assert {entry.name for entry in patterns()} == set(ROUTES)
    assert [str(entry.pattern) for entry in websocket_urlpatterns] == ["ws/projects/<slug:slug>/"]


# Shown by GET, saved by POST, under one address.
FORM_PAGES = {
    "delete_project",
    "queue_settings",
    "import_model",
    "add_remote",
    "map_model",
    "train",
    "merge_label",
    "edit_guidelines",
    "settings",
    "correct_answer",
    "erase_document",
}


@pytest.mark.parametrize(
    "name", sorted(name for name in IN_PROJECTS if ROUTES[name].method == POST)
)
def test_reading_an_address_changes_nothing(client_of, world, name):
    status = client_of(world.owner).get(world.url(name)).status_code

    assert status == (200 if name in FORM_PAGES else 405)


@pytest.mark.parametrize("name", sorted(n for n, route in ROUTES.items() if route.who == SIGNED_IN))
def test_pages_of_ones_own_need_no_project(client_of, charlie, world, name):
    expected = 302 if ROUTES[name].method == POST else 200

    assert ask(client_of(charlie), name, world.url(name)).status_code == expected


@pytest.mark.parametrize("app", ["", "projects/project/", "projects/user/", "projects/label/"])
def test_the_admin_is_for_superusers(client, client_of, world, charlie, app):
    root = make_user("root", is_staff=True, is_superuser=True)
    helper = make_user("helper", is_staff=True)

    assert client.get(f"/admin/{app}", follow=True).request["PATH_INFO"] == "/accounts/login/"
    assert client_of(charlie).get(f"/admin/{app}", follow=True).status_code == 403
    assert client_of(world.owner).get(f"/admin/{app}", follow=True).status_code == 403
    assert client_of(helper).get(f"/admin/{app}", follow=True).status_code == 403
    assert client_of(root).get(f"/admin/{app}").status_code == 200


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_whoever_is_signed_out_signs_in_first(client, world, name):
    response = ask(client, name, world.url(name))

    asked_to_sign_in = response.headers.get("Location", "").startswith("/accounts/login/?next=")
    assert asked_to_sign_in == (ROUTES[name].who != PUBLIC)


@pytest.mark.parametrize("name", IN_PROJECTS)
def test_people_get_what_their_role_gives_and_no_more(client_of, world, charlie, name):
    root = make_user("root", is_staff=True, is_superuser=True)
    members = {role: make_member(world.project, f"a-{role}", role) for role in Role}
    expected = {role: "served" if role in ROUTES[name].who else "403" for role in Role}

    found = {role: outcome(client_of, world, name, member) for role, member in members.items()}

    assert found == expected
    assert outcome(client_of, world, name, charlie) == "404"
    assert outcome(client_of, world, name, root) == "404"


def outcome(client_of, world, name, person):
    """What the address answers this person, who holds the document; nothing of it lasts."""
    with transaction.atomic():
        until = timezone.now() + timedelta(minutes=1)
        world.project.slots.update(state="leased", annotator=person, leased_until=until)
        Job.objects.filter(project=world.project).update(created_by=person)
        Export.objects.filter(project=world.project).update(created_by=person)
        status = ask(client_of(person), name, world.url(name)).status_code
        transaction.set_rollback(True)
    served = status < 400 or status == 422
    return "served" if served else str(status)


def foreign_rows():
    """Addresses that name a row below the project, with the parameter that names it."""
    for name in IN_PROJECTS:
        for key in sorted(set(parameters_of(name)) - {"slug"}):
            if key not in {"question", "number"}:
                yield name, key


@pytest.mark.parametrize(("name", "key"), list(foreign_rows()))
def test_rows_of_another_project_are_not_found_under_mine(client_of, world, name, key):
    theirs = World("theirs", "otto")
    url = world.url(name, **{key: theirs.arguments[key]})

    assert ask(client_of(world.owner), name, url).status_code == 404


@pytest.mark.parametrize("name", [*NUMBERED, "model"])
def test_numbers_of_another_project_are_not_found_under_mine(client_of, world, name):
    assert ask(client_of(world.owner), name, world.url(name, number=7)).status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("signed out", 4401),
        ("stranger", 4404),
        ("superuser", 4404),
        (Role.VIEWER, 4403),
        (Role.ANNOTATOR, None),
        (Role.REVIEWER, None),
        (Role.OWNER, None),
    ],
)
async def test_the_socket_lets_in_who_may_label(who, code):
    user = await database_sync_to_async(person)(who)
    socket = WebsocketCommunicator(application, "/ws/projects/ours/")
    socket.scope["user"] = user

    await socket.connect(timeout=5)
    first = await socket.receive_output(timeout=5)
    await socket.disconnect(timeout=5)

    assert first["type"] == ("websocket.close" if code else "websocket.send")
    assert first.get("code") == code


application = URLRouter(websocket_urlpatterns)


def person(who):
    world = World("ours", "olga")
    if who == "signed out":
        return AnonymousUser()
    if who in set(Role):
        return make_member(world.project, "somebody", who)
    return make_user("somebody", is_superuser=who == "superuser")
