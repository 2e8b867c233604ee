"""A model's folder out of a zip or tar file: few files, by name, and never more than was said."""

from __future__ import annotations

import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, NamedTuple

from django.conf import settings

WANTED = (
    "config.json",
    "*.safetensors",
    "model.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "README.md",
    "LICENSE*",
    "NOTICE*",
)
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle", "*.h5", "*.msgpack")
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    NotImplementedError,
)
MOST_ENTRIES = 2000
PIECE = 1024 * 1024


class CannotImport(Exception):
    """A folder that cannot be taken in: what is wrong, and what to do; for people to read."""


class Entry(NamedTuple):
    """`special`: a link, a device or the like."""

    name: str
    size: int
    special: bool
    encrypted: bool
    stream: IO[bytes] | None


def unpack(source: BinaryIO, target: Path) -> None:
    """Write the wanted files of the folder that holds config.json into `target`.

    Raises CannotImport for what is no archive, reaches outside, or is too large once unpacked.
    """
    try:
        root = _root(source)
        left = settings.MAX_UPLOAD_BYTES
        for entry in _entries(source):
            path = PurePosixPath(entry.name)
            if path.parent == root and is_wanted(path.name) and entry.stream is not None:
                left -= _write(entry.stream, target / path.name, most=left)
    except DAMAGED as bad:
        raise CannotImport(f"The archive is damaged: {bad}. Pack the folder again.") from bad
    except OSError as error:
        raise CannotImport(f"It could not be unpacked: {error.strerror or error}.") from error


def is_wanted(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in WANTED)


def is_pickled(name: str) -> bool:
    return any(fnmatch(name.lower(), pattern) for pattern in PICKLED)


def _root(source: BinaryIO) -> PurePosixPath:
    """The folder with config.json nearest to the top. Looks at every name first."""
    names, size = [], 0
    for entry in _entries(source, contents=False):
        _refuse_unsafe(entry)
        size += entry.size
        _refuse_above(settings.MAX_UPLOAD_BYTES, size)
        names.append(PurePosixPath(entry.name))
        if len(names) > MOST_ENTRIES:
            raise CannotImport(
                f"The archive holds more than {MOST_ENTRIES:,} files. Pack one model."
            )
    configs = [name for name in names if name.name == "config.json"]
    if not configs:
        raise CannotImport("There is no config.json in it. Pack a Hugging Face folder.")
    root = min(configs, key=lambda name: len(name.parts)).parent
    inside = [name.name for name in names if name.parent == root]
    if not any(fnmatch(name, "*.safetensors") for name in inside):
        refuse_without_weights(inside)
    return root


def refuse_without_weights(names: list[str]) -> None:
    """Say what to do about a folder without safetensors. Raises CannotImport."""
    pickled = next(filter(is_pickled, names), None)
    if pickled is None:
        raise CannotImport("It holds no weights: there is no model.safetensors in it.")
    raise CannotImport(
        f"{pickled} is pickled, and loading it can run any code. Where you trust it, load it once "
        "with transformers and save it with save_pretrained(folder, safe_serialization=True)."
    )


def _refuse_unsafe(entry: Entry) -> None:
    path = PurePosixPath(entry.name)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.name or "\0" in entry.name:
        raise CannotImport(f"“{entry.name[:80]}” would be written outside its folder.")
    if entry.special:
        raise CannotImport(f"“{entry.name[:80]}” is a link or a device. Pack the files themselves.")
    if entry.encrypted:
        raise CannotImport("The archive is encrypted. Pack it without a password.")


def _write(stream: IO[bytes], path: Path, *, most: int) -> int:
    """Copies and counts what really comes, whatever the archive says of itself."""
    size = 0
    with closing(stream), path.open("xb") as file:
        while piece := stream.read(PIECE):
            size += len(piece)
            _refuse_above(most, size)
            file.write(piece)
    return size


def _refuse_above(most: int, size: int) -> None:
    if size > most:
        megabytes = settings.MAX_UPLOAD_BYTES // 1024 // 1024
        raise CannotImport(f"Unpacked it is more than the {megabytes} MB taken at once.")


def _entries(source: BinaryIO, *, contents: bool = True) -> Iterator[Entry]:
    source.seek(0)
    if zipfile.is_zipfile(source):
        source.seek(0)
        yield from _of_zip(source, contents=contents)
        return
    source.seek(0)
    try:
        archive = tarfile.open(fileobj=source)  # noqa: SIM115 - closed below
    except tarfile.ReadError:
        raise CannotImport("This is no zip or tar file. Pack the model's folder as one.") from None
    with archive:
        for member in archive:
            special = not (member.isreg() or member.isdir())
            stream = archive.extractfile(member) if contents and member.isreg() else None
            yield Entry(member.name.removeprefix("./"), member.size, special, False, stream)


def _of_zip(source: BinaryIO, *, contents: bool) -> Iterator[Entry]:
    with zipfile.ZipFile(source) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            special = kind not in (0, stat.S_IFREG, stat.S_IFDIR)
            encrypted = bool(info.flag_bits & 1)
            stream = archive.open(info) if contents and not info.is_dir() else None
            yield Entry(info.filename, info.file_size, special, encrypted, stream)
