"""Folders of versions: kept whole, checked before each use, never pickled."""

from __future__ import annotations

import hashlib

import pytest
from django.core.files.storage import default_storage

from inference import artifacts
from inference.artifacts import ArtifactDamaged, Unsafe
from inference.models import ModelKind, ModelVersion


@pytest.fixture(autouse=True)
def _storage(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    (made / "config.json").write_text("{}")
    (made / "model.safetensors").write_bytes(b"numbers")
    return made


@pytest.fixture
def version(question, folder):
    name, files = artifacts.keep(folder)
    return ModelVersion.objects.create(
        project=question.project,
        question=question,
        name="BERT",
        number=1,
        kind=ModelKind.FINE_TUNED,
        folder=name,
        files=files,
    )


def test_what_is_kept_is_found_again_under_its_hashes(version):
    here = artifacts.local(version)

    assert (here / "model.safetensors").read_bytes() == b"numbers"
    assert version.files == {
        "config.json": hashlib.sha256(b"{}").hexdigest(),
        "model.safetensors": hashlib.sha256(b"numbers").hexdigest(),
    }


@pytest.mark.parametrize("name", ["pytorch_model.bin", "weights.pt", "a.pkl", "model.h5"])
def test_what_can_run_code_is_refused_before_anything_is_copied(folder, name):
    (folder / name).write_bytes(b"anything")

    with pytest.raises(Unsafe, match=name):
        artifacts.keep(folder)

    assert not default_storage.exists("models")


def test_a_changed_file_is_named(version):
    with default_storage.open(version.folder + "config.json", "w") as file:
        file.write("{} ")

    with pytest.raises(ArtifactDamaged, match=r"config\.json of BERT 1 was changed"):
        artifacts.local(version)


def test_a_missing_file_is_named(version):
    default_storage.delete(version.folder + "model.safetensors")

    with pytest.raises(ArtifactDamaged, match=r"model\.safetensors of BERT 1 is missing"):
        artifacts.local(version)


def test_files_go_with_the_versions_that_are_removed(version):
    name = version.folder

    artifacts.remove(ModelVersion.objects.all())

    version.refresh_from_db()
    assert (version.folder, version.files) == ("", {})
    assert not default_storage.exists(name.rstrip("/"))
