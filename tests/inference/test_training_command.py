"""train_model does what the page does, with a progress line and exit codes."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from inference.models import ModelVersion
from projects.models import Job
from tests.factories import make_question
from tests.inference.training_data import frozen, make_base


@pytest.fixture(autouse=True)
def _here(settings, tmp_path):
    settings.ENCODER = str(make_base(tmp_path / "base"))
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.TORCH_THREADS = 1


def ran(*args) -> str:
    out = StringIO()
    call_command("train_model", *args, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_it_prints_the_version(project, question, bob):
    frozen(project, bob)

    said = ran("tickets", "--epochs", "2", "--seed", "7", "--learning-rate", "0.003")

    version = ModelVersion.objects.get()
    assert said.startswith(f"{version}: accuracy ")
    assert "validation answers, from Version 1, in" in said
    assert (version.parameters["seed"], version.parameters["epochs"]) == (7, 2)


@pytest.mark.parametrize(
    ("args", "why", "code"),
    [
        (["other"], "no project “other”", 2),
        (["tickets", "--question", "mood"], "no question “mood”. There are: topic", 2),
        (["tickets", "--dataset", "7"], "no dataset version 7", 2),
        (["tickets", "--epochs", "0"], "above zero", 2),
        (["tickets"], "holds 12 answers to learn from", 1),
    ],
)
def test_what_is_wrong_is_said_with_its_exit_code(project, question, bob, args, why, code):
    frozen(project, bob, 12)

    with pytest.raises(CommandError, match=why) as refused:
        ran(*args)

    assert refused.value.returncode == code
    assert not Job.objects.filter(kind="train").exists()


def test_without_a_dataset_it_says_how_to_get_one(project, question):
    with pytest.raises(CommandError, match="freeze_dataset tickets") as refused:
        ran("tickets")

    assert refused.value.returncode == 2


def test_of_several_questions_one_must_be_named(project, question, bob):
    frozen(project, bob, 12)
    make_question(project, "mood")

    with pytest.raises(CommandError, match="Say which question with --question"):
        ran("tickets")
