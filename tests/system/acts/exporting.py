"""Exports and dataset versions, as whoever downloads them gets them."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pyarrow.parquet
from django.test import Client
from django.urls import reverse

from corpus.exports.exporting import request_export
from corpus.exports.options import Options
from corpus.models import DatasetVersion, Export
from corpus.versions.freeze import request_freeze
from corpus.versions.recipe import Recipe
from projects.models import Project, Role, User
from tests.factories import make_member, make_project, make_question

OK = 200


def seed() -> None:
    project = make_project("Support tickets", slug="tickets", reserve=0)
    make_question(project)
    make_member(project, "owner", Role.OWNER)


def begin(kind: str) -> int:
    """An export in that format, or a dataset version with a part that those before do not have."""
    project, owner = Project.objects.get(), User.objects.get()
    if kind == "dataset":
        recipe = Recipe(validation=project.jobs.count() + 1)
        return request_freeze(project=project, comment="", author=owner, recipe=recipe).pk
    export = request_export(project=project, options=Options(format=kind), created_by=owner)
    assert export.job_id is not None
    return export.job_id


def exports() -> list[dict]:
    """Every export: whether it says that it is there, and what a browser is handed."""
    client, found = browser(), []
    for export in Export.objects.select_related("project").order_by("pk"):
        data = downloaded(client, "export_file", export.project.slug, export.pk)
        found.append(
            {
                "job": export.job_id,
                "finished": export.finished_at is not None,
                "lines": None if data is None else data.count(b"\n"),
                "as_told": data is None or hashlib.sha256(data).hexdigest() == export.sha256,
            }
        )
    return found


def datasets() -> list[dict]:
    """Every version: the documents in each of its three files, which are compared when read."""
    client, found = browser(), []
    for version in DatasetVersion.objects.select_related("project").order_by("number"):
        of = version.project.slug, version.number
        lines, table, folder = (
            downloaded(client, name, *of)
            for name in ("dataset_file", "dataset_parquet", "dataset_folder")
        )
        found.append(
            {
                "number": version.number,
                "lines": lines and lines.count(b"\n") - 1,
                "rows": table and pyarrow.parquet.read_table(io.BytesIO(table)).num_rows,
                "in_folder": folder and rows_in(folder),
            }
        )
    return found


def rows_in(folder: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(folder)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".parquet")]
        files = [io.BytesIO(archive.read(name)) for name in names]
    return sum(pyarrow.parquet.read_table(file).num_rows for file in files)


def browser() -> Client:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.get())
    return client


def downloaded(client: Client, name: str, *args: object) -> bytes | None:
    """None where the page is shown instead."""
    response = client.get(reverse(name, args=args))
    return b"".join(response) if response.status_code == OK else None
