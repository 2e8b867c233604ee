"""The files of a dataset version, each checked before it is handed out."""

from __future__ import annotations

import io
import tempfile
from typing import IO

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from corpus.models import DatasetVersion
from corpus.versions import freeze
from corpus.versions.card_text import readme_of
from corpus.versions.hub import write_zip
from corpus.views.datasets import get_version
from corpus.views.downloads import download
from projects.access import EXPORTERS, ProjectRequest, project_view
from projects.models import Project


@require_GET
@project_view(EXPORTERS)
def dataset_file(request: ProjectRequest, project: Project, number: int) -> HttpResponseBase:
    """The file as it was frozen; one that was changed since is not handed out."""
    version = get_version(project, number)
    try:
        freeze.verify(version)
    except freeze.DatasetDamaged as why:
        return told(request, version, why)
    stream = freeze.stored(version)
    return send(request, version, stream, ".jsonl", "application/jsonl")


@require_GET
@project_view(EXPORTERS)
def dataset_parquet(request: ProjectRequest, project: Project, number: int) -> HttpResponseBase:
    version = get_version(project, number)
    try:
        stream = freeze.parquet_of(version)
    except freeze.DatasetDamaged as why:
        return told(request, version, why)
    return send(request, version, stream, ".parquet", "application/vnd.apache.parquet")


@require_GET
@project_view(EXPORTERS)
def dataset_folder(request: ProjectRequest, project: Project, number: int) -> HttpResponseBase:
    """What `load_dataset` of Hugging Face loads, once it is unpacked."""
    version = get_version(project, number)
    file = tempfile.TemporaryFile(dir=settings.DATA_DIR)  # noqa: SIM115 - the response closes it
    try:
        write_zip(version, file)
    except freeze.DatasetDamaged as why:
        file.close()
        return told(request, version, why)
    file.seek(0)
    return send(request, version, file, ".zip", "application/zip")


@require_GET
@project_view(EXPORTERS)
def dataset_card(request: ProjectRequest, project: Project, number: int) -> HttpResponseBase:
    """The data card as Markdown."""
    version = get_version(project, number)
    try:
        text = readme_of(version)
    except freeze.DatasetDamaged as why:
        return told(request, version, why)
    stream = io.BytesIO(text.encode())
    return download(request, stream, file_name="README.md", media_type="text/markdown")


def send(
    request: ProjectRequest, version: DatasetVersion, stream: IO[bytes], *kind: str
) -> HttpResponseBase:
    """`kind`: how the file's name ends, and its media type."""
    suffix, media_type = kind
    name = f"{version.project.slug}-dataset-{version.number}{suffix}"
    return download(request, stream, file_name=name, media_type=media_type)


def told(
    request: ProjectRequest, version: DatasetVersion, why: freeze.DatasetDamaged
) -> HttpResponse:
    erased = isinstance(why, freeze.DatasetErased)
    messages.error(request, str(why) if erased else f"{why} Restore it from a backup.")
    return redirect(version)
