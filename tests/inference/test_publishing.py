"""Versions on their way to an MLflow registry. The server is a real one, where one is installed."""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.utils.text import slugify

from corpus.versions.freeze import freeze
from inference import artifacts
from inference.measuring.intervals import share
from inference.models import Measurement, ModelKind, ModelVersion, Stage
from inference.promote import promote, rollback
from inference.publishing import push as pushing
from inference.publishing import tracking
from inference.publishing.aliases import keep_aliases_later
from inference.publishing.push import metrics_of, push_later
from inference.publishing.tracking import CannotPush
from inference.registry import next_number
from projects.models import Job, JobState
from tests.factories import answer, make_documents, serial
from tests.inference import mlflow_server

pytestmark = pytest.mark.timeout(300)
with_server = pytest.mark.skipif(
    not (mlflow_server.COMMAND and find_spec("mlflow")),
    reason="needs the mlflow extra, and MLFLOW_SERVER: the `mlflow` of a full installation",
)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with mlflow_server.serving(tmp_path_factory.mktemp("mlflow")) as address:
        yield address


@pytest.fixture
def registry(server, settings):
    """The client of an empty enough registry: each test has a project of its own name."""
    from mlflow import MlflowClient

    settings.MLFLOW_TRACKING_URI = server
    return MlflowClient(server)


@pytest.fixture
def trained(project, question, bob, tmp_path, request) -> ModelVersion:
    """Measured on 40 blind documents and, led, on 90; the files say nothing."""
    project.slug = slugify(request.node.originalname)[:52] + str(next(serial))
    project.save(update_fields=["slug"])
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    version = made(question, tmp_path, dataset_version=freeze(project=project))
    for contaminated, figure in ((False, share(30, 40)), (True, share(81, 90))):
        Measurement.objects.create(
            question=question,
            model_version=version,
            version=version.version,
            documents=figure["n"],
            contaminated=contaminated,
            figures={"accuracy": figure, "n": figure["n"], "labels": []},
        )
    return version


def made(question, tmp_path, **fields) -> ModelVersion:
    folder = tmp_path / f"version-{next_number(question)}"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(bytes(1000))
    place, files = artifacts.keep(folder)
    fields = {"kind": ModelKind.FINE_TUNED, "parameters": {"seed": 7, "labels": [1, 2]}, **fields}
    return ModelVersion.objects.create(
        project=question.project,
        question=question,
        name="Topic",
        number=next_number(question),
        stage=Stage.CHALLENGER,
        environment={"torch": "2.13.0"},
        folder=place,
        files=files,
        **fields,
    )


def promoted(version: ModelVersion) -> None:
    ModelVersion.objects.filter(question=version.question, stage=Stage.CHAMPION).update(
        stage=Stage.ARCHIVED
    )
    ModelVersion.objects.filter(pk=version.pk).update(stage=Stage.CHAMPION)


def pushed(version: ModelVersion) -> dict[str, str]:
    job = push_later(version, None)
    assert job.state == JobState.DONE, job.error
    version.refresh_from_db()
    return version.registered["mlflow"]


@with_server
def test_a_version_arrives_with_its_run_dataset_and_files(trained, registry, tmp_path):
    there = pushed(trained)

    run = registry.get_run(there["run"])
    assert run.info.status == "FINISHED"
    assert run.data.params == {"seed": "7", "labels": "[1, 2]"}
    assert run.data.tags["environment.torch"] == "2.13.0"
    assert run.data.metrics["blind_accuracy"] == 0.75
    assert run.data.metrics["blind_accuracy_n"] == 40
    assert run.data.metrics["contaminated_accuracy"] == 0.9
    [used] = run.inputs.dataset_inputs
    sha256 = trained.dataset_version.sha256
    assert used.dataset.digest == sha256[:36]
    assert sha256 in used.dataset.source
    assert [(tag.key, tag.value) for tag in used.tags] == [("mlflow.data.context", "training")]
    version = registry.get_model_version(there["name"], there["version"])
    assert version.run_id == there["run"]
    assert version.tags["sha256.model.safetensors"] == trained.files["model.safetensors"]
    local = registry.download_artifacts(there["run"], "model", str(tmp_path))
    assert (Path(local) / "model.safetensors").read_bytes() == bytes(1000)


@with_server
def test_pushed_twice_it_is_there_once(trained, registry):
    first, second = pushed(trained), pushed(trained)

    assert first == second
    assert len(registry.search_model_versions(f"name = '{first['name']}'")) == 1


@with_server
@pytest.mark.parametrize("step", ["_describe", "_upload", "_register"])
def test_a_push_that_was_killed_goes_on_in_the_same_run(trained, registry, monkeypatch, step):
    class Killed(BaseException):
        """As if the process died."""

    def die(*args):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(pushing, step, die)
        push_later(trained, None)
    job = Job.objects.get(kind="push_model")
    assert (job.state, trained.registered) == (JobState.RUNNING, {})
    Job.objects.filter(pk=job.pk).update(state=JobState.FAILED)

    there = pushed(trained)

    experiment = registry.get_experiment_by_name(f"annotate/{trained.project.slug}")
    [run] = registry.search_runs([experiment.experiment_id])
    assert (run.info.run_id, there["version"]) == (there["run"], "1")


@with_server
def test_the_alias_follows_what_suggests(trained, registry, question, tmp_path):
    newer = made(question, tmp_path)
    one, two = pushed(trained), pushed(newer)

    def champion() -> str | None:
        return registry.get_registered_model(one["name"]).aliases.get("champion")

    found = [champion()]
    for version in (trained, newer, trained):
        promoted(version)
        assert keep_aliases_later(question).state == JobState.DONE
        found.append(champion())
    promoted(made(question, tmp_path))
    keep_aliases_later(question)
    found.append(champion())
    ModelVersion.objects.filter(stage=Stage.CHAMPION).update(stage=Stage.ARCHIVED)
    keep_aliases_later(question)

    assert found == [None, one["version"], two["version"], one["version"], None]
    assert champion() is None


@with_server
def test_a_champion_that_is_pushed_gets_the_alias_at_once(trained, registry):
    promoted(trained)

    there = pushed(trained)

    version = registry.get_model_version_by_alias(there["name"], "champion")
    assert version.version == there["version"]


@with_server
def test_an_experiment_deleted_there_is_told(trained, registry):
    there = registry.create_experiment(f"annotate/{trained.project.slug}")
    registry.delete_experiment(there)

    job = push_later(trained, None)

    assert job.state == JobState.FAILED
    assert "was deleted in MLflow. Restore it there." in job.error


@with_server
def test_the_command_says_where_it_is(trained, registry, capsys):
    call_command("push_model", trained.project.slug, "1")

    out, _ = capsys.readouterr()
    assert out.startswith(f"{trained.project.slug}-topic 1: http://127.0.0.1:")


@pytest.mark.skipif(not find_spec("mlflow"), reason="needs the mlflow extra")
def test_a_server_that_cannot_be_reached_is_told_and_nothing_is_lost(
    trained, settings, monkeypatch
):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.MLFLOW_TRACKING_URI = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    job = push_later(trained, None)

    assert job.state == JobState.FAILED
    assert "cannot be reached. What was pushed so far stays." in job.error
    trained.refresh_from_db()
    assert trained.registered == {}


@pytest.mark.skipif(not find_spec("mlflow"), reason="needs the mlflow extra")
def test_a_server_that_wants_a_password_is_told(trained, settings):
    class Closed(BaseHTTPRequestHandler):
        def handle(self):
            self.raw_requestline = self.rfile.readline()
            self.parse_request()
            self.send_error(401)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Closed) as server:
        Thread(target=server.serve_forever).start()
        settings.MLFLOW_TRACKING_URI = f"http://127.0.0.1:{server.server_port}"
        job = push_later(trained, None)
        server.shutdown()

    assert job.state == JobState.FAILED
    assert "does not let us in. Set MLFLOW_TRACKING_USERNAME" in job.error


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "No MLflow server is set"),
        ("file:///tmp/runs", "no http"),
        ("http://user:secret@example.org", "holds a password"),
    ],
)
def test_what_is_not_set_right_is_said_on_the_page(
    trained, client_of, alice, settings, address, words
):
    settings.MLFLOW_TRACKING_URI = address

    page = client_of(alice).post(f"{trained.get_absolute_url()}push", follow=True)

    assert words in page.text
    assert "secret" not in page.text
    assert not Job.objects.filter(kind="push_model").exists()
    with pytest.raises(CommandError, match=words):
        call_command("push_model", trained.project.slug, "1")


def test_without_the_client_the_page_says_how_to_get_it(trained, settings, monkeypatch):
    settings.MLFLOW_TRACKING_URI = "http://127.0.0.1:9"
    monkeypatch.setattr(tracking, "find_spec", lambda name: None)

    with pytest.raises(CannotPush, match="pip install mlflow-skinny"):
        push_later(trained, None)


def test_a_version_without_files_is_not_pushed(project, client_of, alice, settings):
    settings.MLFLOW_TRACKING_URI = "http://127.0.0.1:9"
    live = ModelVersion.objects.create(
        project=project, question=project.questions.get(), name="live", number=1, kind="live"
    )

    page = client_of(alice).post(f"{live.get_absolute_url()}push", follow=True)

    assert "has no files to push" in page.text


def test_a_figure_goes_out_with_its_interval_and_n_under_an_honest_name(trained):
    assert dict(metrics_of(trained)) == {
        "blind_accuracy": 0.75,
        "blind_accuracy_low": share(30, 40)["low"],
        "blind_accuracy_high": share(30, 40)["high"],
        "blind_accuracy_n": 40,
        "contaminated_accuracy": 0.9,
        "contaminated_accuracy_low": share(81, 90)["low"],
        "contaminated_accuracy_high": share(81, 90)["high"],
        "contaminated_accuracy_n": 90,
    }


def test_a_promotion_and_a_rollback_ask_for_the_alias(trained, alice, settings, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings.MLFLOW_TRACKING_URI = "http://127.0.0.1:9"
    ModelVersion.objects.filter(pk=trained.pk).update(
        registered={"mlflow": {"name": "tickets-topic", "version": "1"}}
    )
    asked = Job.objects.filter(kind="keep_aliases")

    promote(version=trained, author=alice, reason="For the test.")
    assert asked.count() == 1
    rollback(question=trained.question, author=alice)
    assert asked.count() == 2


def test_without_a_server_a_promotion_asks_for_nothing(trained, settings):
    ModelVersion.objects.update(registered={"mlflow": {"name": "x", "version": "1"}})
    assert keep_aliases_later(trained.question) is None

    settings.MLFLOW_TRACKING_URI = "http://127.0.0.1:9"
    ModelVersion.objects.update(registered={})
    assert keep_aliases_later(trained.question) is None
