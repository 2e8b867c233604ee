"""Where an uploaded folder waits until its labels are mapped: on disk, for a day, by project."""

from __future__ import annotations

import json
import re
import shutil
import time
import uuid
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from inference.importing.folder import found_in
from inference.importing.unpack import unpack
from projects.models import Project

KEEP_SECONDS = 24 * 60 * 60
NAME = re.compile("[0-9a-f]{32}")
ABOUT = "uploaded.json"


def receive(project: Project, upload: BinaryIO, file_name: str) -> str:
    """Unpack and check an upload; the name under which it waits. Raises CannotImport."""
    forget_old()
    name = uuid.uuid4().hex
    folder = _home(project) / name
    folder.mkdir(mode=0o700, parents=True)
    try:
        unpack(upload, folder)
        found_in(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    title = re.sub(r"(\.tar)?\.(zip|tar|gz|tgz|bz2|xz)$", "", Path(file_name).name)
    (folder / ABOUT).write_text(json.dumps({"title": title[:80] or "Imported"}))
    return name


def waiting(project: Project, name: str) -> Path:
    """Raises FileNotFoundError for what is not there, or no more."""
    folder = _home(project) / name
    if not NAME.fullmatch(name) or not (folder / ABOUT).is_file():
        raise FileNotFoundError("There is no such upload; it is kept for a day.")
    return folder


def title_of(folder: Path) -> str:
    return str(json.loads((folder / ABOUT).read_text())["title"])


def discard(project: Project, name: str) -> None:
    if NAME.fullmatch(name):
        shutil.rmtree(_home(project) / name, ignore_errors=True)


def forget_old() -> None:
    for folder in _root().glob("*/*"):
        if folder.stat().st_mtime < time.time() - KEEP_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _root() -> Path:
    return Path(settings.DATA_DIR) / "model-uploads"


def _home(project: Project) -> Path:
    return _root() / str(project.pk)
