"""The folders of model versions in the storage: Hugging Face folders, checked before each use.

Only files that can be read without running anything are taken: weights as safetensors, never
pickled.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import BinaryIO, cast

from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import QuerySet

from corpus.versions.hashing import sha256_of
from inference.models import ModelVersion

FOLDER = "models"
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".msgpack")


class ArtifactDamaged(Exception):
    """A file of a version is missing, or not the one that was stored; for people to read."""


class Unsafe(Exception):
    """A folder holds what can run code when it is loaded; for people to read."""


def new_name() -> str:
    """A folder in the storage that nothing is in yet."""
    return f"{FOLDER}/{uuid.uuid4().hex}/"


def keep(folder: Path) -> tuple[str, dict[str, str]]:
    """Copy the files of a folder into the storage; returns its name there, and file to sha256.

    Raises Unsafe, before anything is copied.
    """
    name = new_name()
    return name, keep_as(name, folder)


def keep_as(name: str, folder: Path) -> dict[str, str]:
    """As `keep`, under a name that the caller holds as `loose`. Raises Unsafe."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for path in files:
        if path.suffix.lower() in PICKLED:
            raise Unsafe(f"{path.name} is not safetensors, and loading it can run any code.")
    hashes = {}
    for path in files:
        with path.open("rb") as stream:
            hashes[path.name] = sha256_of(stream)
            stream.seek(0)
            default_storage.save(name + path.name, File(stream))
    return hashes


def local(version: ModelVersion) -> Path:
    """The folder of a version on this machine, every file the one that was stored.

    Raises ArtifactDamaged.
    """
    if not version.folder or not version.files:
        raise ArtifactDamaged(f"{version} has no files.")
    for file, expected in version.files.items():
        try:
            with default_storage.open(version.folder + file) as stream:
                found = sha256_of(cast("BinaryIO", stream))
        except FileNotFoundError:
            raise ArtifactDamaged(f"{file} of {version} is missing. Restore it.") from None
        except (OSError, SuspiciousFileOperation):
            raise ArtifactDamaged(f"{file} of {version} cannot be read. Restore it.") from None
        if found != expected:
            raise ArtifactDamaged(
                f"{file} of {version} was changed: its sha256 is {found}, stored was {expected}. "
                "Restore it from a backup."
            )
    if strange := sorted(set(default_storage.listdir(version.folder)[1]) - set(version.files)):
        # Loaders look for more than is there: adapters, other weights, templates.
        raise ArtifactDamaged(f"{strange[0]} is no file of {version}. Take it out of its folder.")
    try:
        return Path(default_storage.path(version.folder))
    except NotImplementedError:
        raise ArtifactDamaged("Models can be loaded from a storage on disk only.") from None


def remove(versions: QuerySet[ModelVersion]) -> None:
    """Files first: who is killed in between finds their names again."""
    for version in versions.exclude(folder=""):
        for file in version.files:
            default_storage.delete(version.folder + file)
        default_storage.delete(version.folder.rstrip("/"))
        ModelVersion.objects.filter(pk=version.pk).update(folder="", files={})
