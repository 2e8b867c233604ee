"""The encoder that training starts from: the one that the settings name."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from inference.encoders import folder as encoder_folder
from inference.engine import EngineError
from inference.training.lessons import CannotTrain


class Base(NamedTuple):
    """`title`: what people read. `name`: tells its weights from others."""

    folder: Path
    title: str
    name: str


def base() -> Base:
    """Hashes the weights, which takes a moment. Raises CannotTrain."""
    refuse_if_off()
    try:
        if settings.ENCODER:
            folder = encoder_folder.find(settings.ENCODER)
            title = encoder_folder.title_of(settings.ENCODER)
        else:
            folder, title = encoder_folder.packaged_folder(), "MiniLM"
        sha256 = encoder_folder.weights_sha256(folder)
    except EngineError as why:
        raise CannotTrain(str(why)) from why
    return Base(folder, title, f"{title.lower()}-{sha256[:8]}")


def refuse_if_off() -> None:
    """Raises CannotTrain where this server is to do without models."""
    if settings.ENGINE == "off":
        raise CannotTrain(
            "Models are switched off on this server (ENGINE=off), so nothing can be trained."
        )
