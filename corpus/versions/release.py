from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from django.conf import settings


@cache
def version_of_annotate() -> str:
    """The release that runs, as pyproject.toml has it; "" where that file is not installed."""
    try:
        text = (Path(settings.BASE_DIR) / "pyproject.toml").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    return str(tomllib.loads(text)["project"]["version"])
