"""What a fine-tune on spans is told besides word pieces: case as types of tokens, and letters."""

from __future__ import annotations

import dataclasses
import json
import uuid

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from corpus.versions.freeze import freeze
from inference import artifacts
from inference.artifacts import ArtifactDamaged
from inference.engine import EngineError
from inference.predicting import predictor_of
from inference.spans.crf import Crf
from inference.training import letters
from inference.training.base import base
from inference.training.case import FLAG, case_of
from inference.training.classifier import load
from inference.training.lessons import Lessons
from inference.training.network import Network
from inference.training.settings import TrainingSettings
from labeling.spans import Span
from labeling.submit import Submission, submit
from projects import jobs
from projects.models import Job, JobState, QuestionKind
from tests.factories import make_documents, make_project, make_question
from tests.inference import tiny_encoders
from tests.inference.test_training import Stop, killed_after, trained, wanted
from tests.inference.tiny_models import make_folder
from tests.inference.training_data import WORDS, make_base, texts

NAMED = [(text.replace(WORDS[label], WORDS[label].title()), label) for text, label in texts(60)]
PLAIN = [(text, "") for text, _ in texts(60, seed=6)]
SETTINGS = TrainingSettings(epochs=10, batch=8, learning_rate=1e-2)
TAGS = ["O", "B-Sign", "I-Sign"]


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory):
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(autouse=True)
def _here(settings, tmp_path, base_folder):
    settings.ENCODER = str(base_folder)
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.TORCH_THREADS = 1


@pytest.fixture
def signs(db, bob):
    """A question whose words are marked only where they are written with a capital."""
    question = make_question(
        make_project(slug="signs"), "words", labels=["Sign"], kind=QuestionKind.SPAN, required=False
    )
    sign = question.labels.get().pk
    for text, label in [*NAMED, *PLAIN]:
        [document] = make_documents(question.project, text)
        start = text.find(WORDS[label].title()) if label else -1
        marks = [Span("text", start, start + len(WORDS[label]), sign)] if label else []
        submit(
            document=document,
            annotator=bob,
            chosen={question.pk: marks},
            submission=Submission(client_id=uuid.uuid4()),
        )
    return question


@pytest.mark.parametrize(
    ("written", "kind"),
    [("", 0), ("ada", 0), ("9!", 0), ("Ada", 1), ("A", 1), ("ÉTÉ", 2), ("iOS", 3), ("B2b", 1)],
)
def test_a_token_is_of_the_case_it_is_written_in(written, kind):
    assert case_of(written) == kind


def test_what_only_case_tells_apart_is_learned_by_the_model_itself(signs):
    version = trained(signs, freeze(project=signs.project), SETTINGS)

    alone = dataclasses.replace(load(artifacts.local(version), "span"), letters=None)
    plain, named = alone.tag(["the order was late again", "the order was Late again"])

    assert plain[3].argmax() == 0
    assert named[3].argmax() == 1


def test_the_folder_is_a_plain_one_and_its_card_says_what_that_leaves_out(signs):
    import transformers

    version = trained(signs, freeze(project=signs.project), SETTINGS)
    folder = artifacts.local(version)

    model, found = transformers.AutoModelForTokenClassification.from_pretrained(
        folder, output_loading_info=True
    )

    assert not found["missing_keys"]
    assert not found["unexpected_keys"]
    assert model.config.id2label == dict(enumerate(TAGS))
    assert version.files.keys() >= {letters.FILE, "model.safetensors"}
    card = (folder / "README.md").read_text()
    assert "reads everything as lower case" in card
    assert f"`{letters.FILE}`" in card


def test_a_killed_training_comes_to_the_same_model_and_letters(signs, settings, monkeypatch):
    settings.TRAINING_CHECKPOINT_SECONDS = 0
    dataset, brief = freeze(project=signs.project), dataclasses.replace(SETTINGS, epochs=2)
    whole = trained(signs, dataset, brief)
    training = wanted(signs, dataset, brief)
    with monkeypatch.context() as patched:
        killed_after(patched, 17, Stop())
        with pytest.raises(Stop):
            jobs.claim_and_run(training.pk)
    Job.objects.filter(pk=training.pk).update(state=JobState.QUEUED, run_token=None)
    jobs.claim_and_run(training.pk)

    resumed = whole.project.model_versions.exclude(pk=whole.pk).get()

    assert {name: resumed.files[name] for name in (letters.FILE, "model.safetensors")} == {
        name: whole.files[name] for name in (letters.FILE, "model.safetensors")
    }
    assert resumed.parameters["calibration"] == whole.parameters["calibration"]


def test_scores_are_as_honest_as_the_validation_part_tells(signs):
    version = trained(signs, freeze(project=signs.project), SETTINGS)
    documents = make_documents(signs.project, "the order was Late again")
    [before] = predictor_of(version).predict(documents)
    version.parameters["calibration"] = [-9.0, 0.0]
    version.save()

    [after] = predictor_of(version).predict(documents)

    assert [one["offered"] for one in before] == [True]
    assert after == []


def test_changed_letters_are_another_model(signs):
    version = trained(signs, freeze(project=signs.project), SETTINGS)
    path = artifacts.local(version) / letters.FILE
    path.write_bytes(path.read_bytes() + b" ")

    with pytest.raises(ArtifactDamaged, match=letters.FILE):
        artifacts.local(version)


@pytest.mark.parametrize("damage", ["garbage", "of another model", "without a weight"])
def test_letters_that_do_not_fit_are_refused(tmp_path, damage):
    folder = make_folder(tmp_path / "made", TAGS, kind="Token")
    tags = 5 if damage == "of another model" else 3
    crf = Crf(["any"], np.zeros((1, tags)), np.zeros((tags, tags)))
    letters.Letters(crf, 0.5).write(folder)
    path = folder / letters.FILE
    if damage == "garbage":
        path.write_bytes(b"garbage")
    if damage == "without a weight":
        kept = {name: of for name, of in load_file(path).items() if name != "weight"}
        save_file(kept, path)

    with pytest.raises(EngineError, match=letters.FILE):
        load(folder, "span")


def test_a_folder_that_only_says_it_was_told_case_is_refused(tmp_path):
    folder = make_folder(tmp_path / "made", TAGS, kind="Token")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, FLAG: True}))

    with pytest.raises(EngineError, match=FLAG):
        load(folder, "span")


@pytest.mark.parametrize(("family", "told"), [("bert", True), ("distilbert", False)])
@pytest.mark.parametrize("task", ["span", "choice"])
def test_case_is_told_where_there_is_room_for_it(settings, tmp_path, family, told, task):
    settings.ENCODER = str(tiny_encoders.make(family, tmp_path / family))
    lessons = Lessons(task, False, ("Sign", "Name"), [], [], "")

    network = Network.fresh(base(), lessons, SETTINGS.settled(task, 1))

    assert network.pieces.tells_case == (told and task == "span")


@pytest.mark.parametrize(("rows", "passes"), [(100, 10), (3000, 6), (10**6, 4)])
def test_spans_take_fewer_passes(rows, passes):
    assert TrainingSettings().settled("span", rows).epochs == passes
