"""Everything there is to a half-done training, as one file that appears only once it is whole.

Safetensors: tensors by name, and plain numbers as JSON in its header; nothing is unpickled.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from projects.models import Job, JobState

FILE = "state.safetensors"


def folder_of(job: int) -> Path:
    return Path(settings.DATA_DIR) / "training" / str(job)


def write(folder: Path, tensors: Mapping[str, Any], numbers: Mapping[str, Any]) -> None:
    """Replaces what was there. Raises OSError, and then leaves that as it was."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{FILE}.new"
    try:
        save_file(dict(tensors), new, metadata={"numbers": json.dumps(numbers)})
        with new.open("rb") as written:
            os.fsync(written.fileno())
        new.replace(folder / FILE)
    except SafetensorError as error:  # as it calls what the disk said
        new.unlink(missing_ok=True)
        raise OSError(str(error)) from error
    except OSError:
        new.unlink(missing_ok=True)
        raise


def read(folder: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The tensors and the numbers; None where there is nothing, or nothing whole."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / FILE, framework="pt") as file:
            numbers = json.loads((file.metadata() or {})["numbers"])
            return {name: file.get_tensor(name) for name in file.keys()}, numbers  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError):
        return None


def remove(job: int) -> None:
    shutil.rmtree(folder_of(job), ignore_errors=True)


def sweep() -> None:
    """Let go of what belongs to trainings that nobody will resume."""
    root = Path(settings.DATA_DIR) / "training"
    kept = Job.objects.exclude(state__in=[JobState.DONE, JobState.CANCELLED])
    wanted = {str(pk) for pk in kept.values_list("pk", flat=True)}
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.name not in wanted:
            shutil.rmtree(folder, ignore_errors=True)
