"""The pages on which an owner trains a model and watches it being trained."""

from __future__ import annotations

import pytest
from django.urls import reverse

from corpus.versions.freeze import freeze
from inference.models import ModelVersion
from inference.training.page import plots
from inference.training.request import KIND
from projects.models import Job, JobState
from tests.factories import answer, make_documents, make_question
from tests.inference.training_data import answered, frozen, make_base, texts

CURVE = {
    "figure": "accuracy",
    "total": 40,
    "per_epoch": 10,
    "losses": [[step, 1 / (1 + step)] for step in range(1, 21)],
    "scores": [[0, 0.4, 1.0], [10, 0.6, 0.8], [20, 0.75, 0.7]],
    "validation": 12,
}


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory):
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(autouse=True)
def _here(settings, tmp_path, base_folder):
    settings.ENCODER = str(base_folder)
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.TORCH_THREADS = 1


def url(name: str, project, *args) -> str:
    return reverse(name, args=[project.slug, *args])


def make_training(project, **fields) -> Job:
    params = {"question": project.questions.first().pk, "dataset": 0}
    return Job.objects.create(project=project, kind=KIND, params=params, **fields)


def test_an_owner_presses_train_and_gets_a_challenger(client_of, project, question, alice, bob):
    dataset = frozen(project, bob)
    owner = client_of(alice)

    page = owner.get(url("train", project)).content.decode()
    posted = owner.post(
        url("train", project), {"question": question.name, "dataset": dataset.pk, "epochs": 2}
    )

    assert "Version 1: 60 answers to learn from, no blind ones" in page
    assert "holds no blind test documents" in page
    job = Job.objects.get(kind=KIND)
    assert posted.url == url("training", project, job.pk)
    version = ModelVersion.objects.get()
    assert version.parameters["epochs"] == 2
    assert version.author == alice
    watched = owner.get(posted.url).content.decode()
    assert f'<a href="{version.get_absolute_url()}">' in watched
    assert "hx-trigger" not in watched.split('id="training"')[1].split(">")[0]
    assert "Accuracy on" in watched


def test_the_dataset_whose_page_led_here_is_chosen(client_of, project, question, alice, bob):
    first = frozen(project, bob)
    answered(project, bob, 20, seed=6, imported_split="test")
    newest = freeze(project=project)
    owner = client_of(alice)

    led, plain = (
        owner.get(url("train", project) + query).content.decode() for query in ("?dataset=1", "")
    )

    assert f'<option value="{first.pk}" selected>' in led
    assert "Version 1 holds no blind test documents" in led
    assert f'<option value="{newest.pk}" selected>' in plain
    assert "no blind test documents" not in plain


@pytest.mark.parametrize("number", ["7", "", "x", "-1", "9" * 40])
def test_a_dataset_that_there_is_not_leaves_the_newest(
    client_of, project, question, alice, bob, number
):
    dataset = frozen(project, bob)

    page = client_of(alice).get(f"{url('train', project)}?dataset={number}").content.decode()

    assert f'<option value="{dataset.pk}" selected>' in page


def test_where_blind_answers_are_nothing_is_warned_of(client_of, project, question, alice, bob):
    answered(project, bob, 30)
    answered(project, bob, 20, seed=6, imported_split="test")
    freeze(project=project)

    page = client_of(alice).get(url("train", project)).content.decode()

    assert "30 answers to learn from, 20 blind ones" in page
    assert "no blind test documents" not in page


def test_without_a_dataset_there_is_a_way_to_one(client_of, project, alice):
    page = client_of(alice).get(url("train", project)).content.decode()

    assert "There is no dataset version yet" in page
    assert f'href="{url("datasets", project)}"' in page


def test_without_a_question_there_is_a_way_to_one(client_of, project, question, alice):
    question.delete()

    page = client_of(alice).get(url("train", project)).content.decode()

    assert "There is no question to train for" in page


def test_too_little_is_said_where_the_person_is(client_of, project, question, alice, bob):
    dataset = frozen(project, bob, 12)

    response = client_of(alice).post(
        url("train", project), {"question": question.name, "dataset": dataset.pk}
    )

    assert response.status_code == 422
    assert "it takes 20 at least" in response.content.decode()
    assert not Job.objects.filter(kind=KIND).exists()


@pytest.mark.parametrize(
    ("field", "value"), [("epochs", "0"), ("learning_rate", "much"), ("dataset", "999")]
)
def test_a_wrong_knob_is_said_beside_it(client_of, project, question, alice, bob, field, value):
    dataset = frozen(project, bob)
    posted = {"question": question.name, "dataset": dataset.pk, field: value}

    response = client_of(alice).post(url("train", project), posted)

    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {field}
    is_open = '<details class="inside" open>' in response.content.decode()
    assert is_open == (field != "dataset")


def test_models_switched_off_are_said(client_of, project, alice, settings):
    settings.ENGINE = "off"

    page = client_of(alice).get(url("train", project)).content.decode()

    assert "Models are switched off on this server" in page
    assert '<button class="button primary">Train' not in page


def test_a_renamed_label_is_warned_of(client_of, project, question, alice, bob):
    frozen(project, bob)
    question.labels.filter(name="Praise").update(name="Kudos")

    page = client_of(alice).get(url("train", project)).content.decode()

    assert "Version 1 teaches “<bdi>Praise</bdi>”" in page


def test_a_second_training_leads_to_the_first(client_of, project, question, alice, bob):
    dataset = frozen(project, bob)
    job = make_training(project, state=JobState.RUNNING)

    response = client_of(alice).post(
        url("train", project), {"question": question.name, "dataset": dataset.pk}
    )

    assert response.url == url("training", project, job.pk)


@pytest.mark.parametrize("count", [1, 3])
def test_the_last_trainings_cost_no_query_each(
    client_of, project, alice, bob, count, django_assert_num_queries
):
    frozen(project, bob, 21)
    for _ in range(count):
        make_training(project, created_by=alice)
    owner = client_of(alice)

    with django_assert_num_queries(9):
        page = owner.get(url("train", project)).content.decode()

    assert page.count("For “Topic”") == count


def test_progress_is_asked_for_until_it_ends(client_of, project, vera):
    job = make_training(
        project,
        state=JobState.RUNNING,
        progress_done=20,
        progress_total=40,
        message="Pass 3 of 4, about 2 minutes left",
        checkpoint={"curve": CURVE},
    )

    part = client_of(vera).get(url("training", project, job.pk), headers={"HX-Request": "true"})

    text = part.content.decode()
    assert "<html" not in text
    assert 'hx-trigger="every 2s"' in text
    assert "step 20 of 40" in text
    assert "about 2 minutes left" in text
    assert text.count("<polyline") == 2
    assert "Accuracy on 12 validation answers" in text
    assert "<button" not in text


def test_curves_stay_in_their_box(project):
    loss, accuracy = plots(make_training(project, checkpoint={"curve": CURVE}))

    for plot in (loss, accuracy):
        places = [tuple(map(float, place.split(","))) for place in plot.line.split()]
        assert all(0 <= x <= 50 and 0 <= y <= 100 for x, y in places)
        assert places == sorted(places)
    assert accuracy.end == (50.0, 25.0)
    assert accuracy.value == "75\N{NO-BREAK SPACE}%"
    assert [tick.label for tick in accuracy.x_ticks] == ["0", "1", "2", "3"]


def test_before_the_first_steps_there_is_no_curve(client_of, project, alice):
    job = make_training(project)

    page = client_of(alice).get(url("training", project, job.pk)).content.decode()

    assert "No curve yet" in page
    assert "No worker is running" in page


def test_an_owner_stops_a_training_and_runs_it_again(client_of, project, alice, monkeypatch):
    monkeypatch.setattr("projects.jobs.dispatch", lambda _: None)
    job, owner = make_training(project), client_of(alice)

    owner.post(url("stop_training", project, job.pk))
    job.refresh_from_db()
    stopped = job.state
    page = owner.get(url("training", project, job.pk)).content.decode()
    owner.post(url("resume_training", project, job.pk))
    job.refresh_from_db()

    assert stopped == JobState.CANCELLED
    assert "It begins anew" in page
    assert job.state == JobState.QUEUED


def test_what_went_wrong_is_said(client_of, project, alice):
    job = make_training(project, state=JobState.FAILED, error="The disk is full.")

    page = client_of(alice).get(url("training", project, job.pk)).content.decode()

    assert "The disk is full." in page
    assert "It goes on from its last checkpoint" in page


def test_other_jobs_are_no_trainings(client_of, project, alice):
    other = Job.objects.create(project=project, kind="measure")

    assert client_of(alice).get(url("training", project, other.pk)).status_code == 404


def test_each_question_is_trained_for_itself(client_of, project, question, alice, bob):
    mood = make_question(project, "mood", labels=("Good", "Bad"), required=False)
    for number, (text, label) in enumerate(texts(24)):
        [document] = make_documents(project, text)
        answer(document, bob, label, ("Good", "Bad")[number % 2])
    freeze(project=project)

    page = client_of(alice).get(url("train", project) + "?question=mood").content.decode()

    assert "Train a model for “Mood”" in page
    assert f'value="{mood.name}"' in page
    assert client_of(alice).get(url("train", project) + "?question=none").status_code == 404
