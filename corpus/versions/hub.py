"""A version as a folder that `datasets.load_dataset` of Hugging Face loads, in a zip file."""

from __future__ import annotations

import tempfile
import zipfile
from contextlib import ExitStack
from typing import BinaryIO, cast

from django.conf import settings

from corpus.models import DatasetVersion
from corpus.record import SPLITS
from corpus.versions import parquet
from corpus.versions.card_text import readme_of
from corpus.versions.freeze import parquet_of

PIECE = 1024 * 1024
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The first day that a zip file knows, so that the same version gives the same bytes."""


def write_zip(version: DatasetVersion, out: BinaryIO) -> None:
    """`data/<split>.parquet` and `README.md`, unpacked into the folder itself.

    Raises DatasetDamaged.
    """
    readme = readme_of(version)
    splits = [split for split in SPLITS if version.counts["splits"].get(split)]
    with ExitStack() as stack:
        files = {
            split: stack.enter_context(tempfile.TemporaryFile(dir=settings.DATA_DIR))
            for split in splits
        }
        with parquet_of(version) as source:
            parquet.write_splits(source, {name: cast("BinaryIO", files[name]) for name in files})
        with zipfile.ZipFile(out, "w") as folder:
            folder.writestr(zipfile.ZipInfo("README.md", LONG_AGO), readme)
            for split, file in files.items():
                file.seek(0)
                entry = zipfile.ZipInfo(f"data/{split}.parquet", LONG_AGO)
                with folder.open(entry, "w", force_zip64=True) as inside:
                    while piece := file.read(PIECE):
                        inside.write(piece)
