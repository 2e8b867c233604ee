"""Models that mean harm: no code of theirs runs, no file but the stored one is read."""

from __future__ import annotations

import json
import pickle

import pytest

from inference import artifacts
from inference.artifacts import ArtifactDamaged, Unsafe
from inference.engine import EngineError
from inference.models import Suggestion
from inference.predicting import CannotPredict, predictor_of, record
from inference.training.classifier import load
from tests.factories import make_documents
from tests.inference.tiny_models import make_folder, register

CODE = """
from pathlib import Path
Path({mark!r}).touch()
from transformers import BertConfig, BertForSequenceClassification
class Config(BertConfig): pass
class Model(BertForSequenceClassification): pass
"""


@pytest.fixture(autouse=True)
def _settings(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.TORCH_THREADS = 1


@pytest.fixture
def mark(tmp_path):
    """Made by whatever code of a folder runs."""
    return tmp_path / "ran"


@pytest.fixture
def folder(question, tmp_path):
    return make_folder(tmp_path / "made", [label.name for label in question.labels.all()])


@pytest.fixture
def labels(question):
    return [label.pk for label in question.labels.all()]


def stored(settings, version, name):
    return settings.MEDIA_ROOT / version.folder / name


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


class Bomb:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (open, (str(self.mark), "w"))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "a.pt", "a.pth", "a.pkl", "optimizer.ckpt"])
def test_a_pickle_is_not_taken_in(folder, name):
    (folder / name).write_bytes(b"x")

    with pytest.raises(Unsafe, match="can run any code"):
        artifacts.keep(folder)


def test_a_pickle_in_the_place_of_weights_is_not_loaded(folder, question, labels, settings, mark):
    """Even where the registry knows its hash."""
    bomb = pickle.dumps(Bomb(mark))
    (folder / "model.safetensors").write_bytes(bomb)
    version = register(question, folder, labels)

    with pytest.raises(CannotPredict, match="cannot be used"):
        predictor_of(version)

    assert not mark.exists()


def test_a_pickle_laid_beside_the_weights_is_not_loaded(folder, question, labels, settings, mark):
    version = register(question, folder, labels)
    stored(settings, version, "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(mark)))
    stored(settings, version, "model.safetensors").unlink()

    with pytest.raises(CannotPredict, match="missing"):
        predictor_of(version)

    assert not mark.exists()


@pytest.mark.parametrize("model_type", ["bert", "mine"])
def test_code_of_a_folder_never_runs(folder, question, labels, mark, model_type, project):
    (folder / "own.py").write_text(CODE.format(mark=str(mark)))
    own = {"AutoConfig": "own.Config", "AutoModelForSequenceClassification": "own.Model"}
    change(folder / "config.json", auto_map=own, model_type=model_type, trust_remote_code=True)
    version = register(question, folder, labels)

    try:
        predictor_of(version).predict(make_documents(project, count=1))
    except CannotPredict:
        assert model_type == "mine"

    assert not mark.exists()


def test_nor_does_code_that_a_tokenizer_asks_for(folder, question, labels, mark, project):
    (folder / "own.py").write_text(CODE.format(mark=str(mark)))
    change(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["own.Config", None]})

    predictor_of(register(question, folder, labels)).predict(make_documents(project, count=1))

    assert not mark.exists()


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_any_file_that_was_changed_is_refused(folder, question, labels, settings, name):
    version = register(question, folder, labels)
    path = stored(settings, version, name)
    path.write_bytes(path.read_bytes() + b" ")

    with pytest.raises(CannotPredict, match=f"{name} of .* was changed"):
        predictor_of(version)


def test_a_link_to_another_file_is_a_changed_file(folder, question, labels, settings, tmp_path):
    version = register(question, folder, labels)
    (tmp_path / "other.json").write_text("{}")
    path = stored(settings, version, "config.json")
    path.unlink()
    path.symlink_to(tmp_path / "other.json")

    with pytest.raises(CannotPredict, match="was changed"):
        predictor_of(version)


def test_a_folder_none_of_whose_files_are_known_is_not_used(folder, question, labels):
    version = register(question, folder, labels)
    version.files = {}

    with pytest.raises(ArtifactDamaged):
        artifacts.local(version)


def test_a_file_laid_beside_the_known_ones_is_noticed(folder, question, labels, settings):
    """Loaders look for more files than are there, such as adapters and chat templates."""
    version = register(question, folder, labels)
    stored(settings, version, "adapter_config.json").write_text('{"peft_type": "LORA"}')

    with pytest.raises(ArtifactDamaged):
        artifacts.local(version)


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "..", "", "config.json/x"])
def test_a_name_that_leads_elsewhere_reads_nothing(folder, question, labels, settings, name):
    (settings.MEDIA_ROOT).mkdir(exist_ok=True)
    (settings.MEDIA_ROOT.parent / "secret").write_text("x")
    version = register(question, folder, labels)
    version.files = {**version.files, name: "0" * 64}

    with pytest.raises(ArtifactDamaged):
        artifacts.local(version)


def test_weights_that_are_no_numbers_say_nothing_that_no_table_holds(
    folder, question, labels, project
):
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights["classifier.weight"] = torch.full_like(weights["classifier.weight"], float("nan"))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    version = register(question, folder, labels)
    documents = make_documents(project, count=2)

    try:
        said = predictor_of(version).predict(documents)
    except CannotPredict:
        return
    record(version, documents, said, version.version)
    assert Suggestion.objects.filter(model_version=version).count() == 2


@pytest.mark.parametrize(
    "config",
    [
        {"vocab_size": 400_000_000},
        {"hidden_size": 4_000_000},
        {"intermediate_size": 2_000_000_000},
        {"max_position_embeddings": 900_000_000},
        {"transformers_weights": "../../other/model.safetensors"},
        {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}},
        pytest.param({"num_hidden_layers": 500_000}),
        pytest.param({"num_labels": 20_000_000}),
    ],
)
def test_a_config_that_lies_is_refused_before_it_takes_memory(folder, config):
    change(folder / "config.json", **config)

    with pytest.raises(EngineError):
        load(folder, "choice")
