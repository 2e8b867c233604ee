import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from corpus.load_demo import ANSWERS, FOLDER, PEOPLE, demo_file, load_demo
from corpus.models import DatasetVersion
from labeling.models import Annotation, Event, EventKind, Slot, SlotState
from projects.models import Project, Role, User


@pytest.fixture(autouse=True)
def trial_settings(settings):
    settings.EMBEDDED = True


@pytest.fixture
def real_settings(settings, trial_settings):
    settings.EMBEDDED = False


def load(*options: str) -> str:
    out = StringIO()
    call_command("load_demo", *options, stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def messages():
    lines = (FOLDER / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_every_message_is_its_own(messages):
    assert len(messages) >= 300
    assert len({message["id"] for message in messages}) == len(messages)
    assert len({message["text"] for message in messages}) == len(messages)


def test_the_key_names_labels_of_the_project_and_messages_of_the_file(messages):
    key = demo_file("answers.json")
    [question] = demo_file("project.json")["questions"]

    assert set(key.values()) == {label["name"] for label in question["labels"]}
    assert key.keys() <= {message["id"] for message in messages}
    assert len(messages) - len(key) == 8


@pytest.mark.django_db
def test_the_demo_has_people_documents_answers_and_a_version():
    assert load_demo()

    project = Project.objects.get(slug="support-messages")
    roles = dict(project.memberships.values_list("user__username", "role"))
    assert roles == {"olivia": Role.OWNER, "ana": Role.ANNOTATOR, "ben": Role.ANNOTATOR}
    assert project.documents.published().count() == 309
    assert project.documents.done().count() == ANSWERS
    assert Annotation.objects.counted().count() == ANSWERS
    assert Event.objects.filter(kind=EventKind.UNDO).count() == 1
    assert not Slot.objects.filter(state=SlotState.LEASED).exists()
    assert DatasetVersion.objects.get().documents == ANSWERS


@pytest.mark.django_db
def test_every_answer_of_the_demo_is_the_right_one():
    load_demo()

    key = demo_file("answers.json")
    answers = Annotation.objects.counted().values_list(
        "document__external_id", "answers__label__name"
    )
    assert dict(answers) == {external_id: key[external_id] for external_id, _ in answers}


@pytest.mark.django_db
def test_a_second_load_changes_nothing():
    load()
    before = Event.objects.count(), User.objects.count()

    again = load()

    assert (Event.objects.count(), User.objects.count()) == before
    assert all(f"{person.username}-demo" in again for person in PEOPLE)


@pytest.mark.django_db
def test_a_password_that_was_changed_is_not_printed():
    load()
    ana = User.objects.get(username="ana")
    ana.set_password("something else")
    ana.save()

    said = load()

    assert "ana-demo" not in said
    assert "ben-demo" in said


@pytest.mark.django_db
def test_nothing_is_added_where_somebody_has_a_name_of_the_demo():
    User.objects.create_user("ana")

    assert not load_demo()
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_real_settings_are_refused(real_settings):
    with pytest.raises(CommandError, match="--force"):
        load()

    assert not User.objects.exists()


@pytest.mark.django_db
def test_force_loads_it_all_the_same(real_settings):
    load("--force")

    assert Project.objects.exists()
