"""What lies in a system's data folder, and which row it belongs to."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from corpus.models import DatasetVersion, Export, Import
from inference.models import ModelVersion

OURS = ("db.sqlite3", "db.sqlite3-shm", "db.sqlite3-wal", "secret_key", "gate")


def strays() -> list[str]:
    """Files that no row names, and folders of models without any."""
    root = Path(settings.DATA_DIR)
    named = {Path(settings.MEDIA_ROOT) / name for name in _named()}
    files = {path for path in root.rglob("*") if path.is_file() and path.suffix != ".log"}
    empty = {path for path in root.glob("files/models/*") if not any(path.iterdir())}
    encoder = set((root / "encoder").glob("*"))
    ours = {path for path in files if path.name in OURS}
    return sorted(str(path.relative_to(root)) for path in (files | empty) - named - encoder - ours)


def _named() -> set[str]:
    names = {str(row.file) for model in (Export, Import) for row in model.objects.all()}
    for dataset in DatasetVersion.objects.all():
        names |= {str(dataset.file), str(dataset.parquet)}
    for version in ModelVersion.objects.all():
        names |= {version.folder + file for file in version.files} | {str(version.artifact)}
    return names - {""}
