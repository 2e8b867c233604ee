"""Where an uploaded table waits between its preview in the admin and the confirmation."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path

from django.conf import settings
from import_export.tmp_storages import BaseStorage

KEEP_SECONDS = 24 * 60 * 60
NAME = re.compile("[0-9a-f]{32}")


class WaitingUpload(BaseStorage):  # type: ignore[misc]
    """A file in the data folder, which every web process sees; gone after a day."""

    def save(self, data: bytes) -> None:
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        forget_old()
        self.name = uuid.uuid4().hex
        self.path().write_bytes(data)

    def read(self) -> bytes:
        return self.path().read_bytes()

    def remove(self) -> None:
        self.path().unlink(missing_ok=True)

    def path(self) -> Path:
        """Raises FileNotFoundError for a name that was never given out."""
        if not NAME.fullmatch(self.name or ""):
            raise FileNotFoundError("There is no such upload.")
        return folder() / str(self.name)


def folder() -> Path:
    return Path(settings.DATA_DIR) / "admin-uploads"


def forget_old() -> None:
    for file in folder().iterdir():
        if file.stat().st_mtime < time.time() - KEEP_SECONDS:
            file.unlink(missing_ok=True)
