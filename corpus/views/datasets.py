"""Dataset versions: what was frozen, what is in it, and its file."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from corpus.exports.exporting import request_export
from corpus.exports.forms import USUAL, ExportForm, FreezeForm
from corpus.exports.limits import formats_for
from corpus.exports.options import CannotExport
from corpus.models import DatasetVersion, Redaction
from corpus.record import SPAN, SPLITS
from corpus.versions import freeze
from corpus.views.downloads import download
from projects.access import EXPORTERS, OWNERS, ProjectRequest, project_view
from projects.models import Job, JobState, Project

logger = logging.getLogger(__name__)

PAGE_SIZE = 25
INVALID = 422
CHECKED_AT_ONCE = 64 * 1024 * 1024
"""Bytes that are hashed while somebody waits for the page."""


@require_GET
@project_view(EXPORTERS)
def dataset_list(request: ProjectRequest, project: Project) -> HttpResponse:
    return list_page(request, project, FreezeForm())


@require_POST
@project_view(OWNERS, even_archived=True)
def freeze_dataset(request: ProjectRequest, project: Project) -> HttpResponse:
    form = FreezeForm(request.POST)
    if not form.is_valid():
        return list_page(request, project, form)
    comment = form.cleaned_data["comment"]
    freeze.request_freeze(project=project, comment=comment, author=request.user)
    return redirect("datasets", project.slug)


@require_GET
@project_view(EXPORTERS)
def dataset_page(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    version = get_version(project, number)
    form = ExportForm(project, request.GET.get("format", USUAL), dataset=version)
    return version_page(request, version, form)


@require_POST
@project_view(EXPORTERS)
def export_dataset(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """The frozen documents and answers in one of the formats that exports have."""
    version = get_version(project, number)
    form = ExportForm(project, request.POST.get("format", ""), request.POST, dataset=version)
    if form.is_valid():
        try:
            options, author = form.options(), request.user
            request_export(project=project, options=options, dataset=version, created_by=author)
        except CannotExport as why:
            form.add_error(None, str(why))
        else:
            return redirect("exports", project.slug)
    return version_page(request, version, form)


@require_GET
@project_view(EXPORTERS)
def dataset_file(request: ProjectRequest, project: Project, number: int) -> HttpResponseBase:
    """The file as it was frozen; one that was changed since is not handed out."""
    version = get_version(project, number)
    if version.redactions.exists():
        messages.error(
            request, f"Version {number} held a document that was erased; its file is gone."
        )
        return redirect(version)
    if damage := damage_of(version):
        messages.error(request, f"{damage} Restore it from a backup.")
        return redirect(version)
    name = f"{project.slug}-dataset-{number}.jsonl"
    stream = version.file.open("rb")
    return download(request, stream, file_name=name, media_type="application/jsonl")


def get_version(project: Project, number: int) -> DatasetVersion:
    versions = project.dataset_versions.select_related("author", "project")
    return get_object_or_404(versions, number=number)


def list_page(request: ProjectRequest, project: Project, form: FreezeForm) -> HttpResponse:
    every = Paginator(project.dataset_versions.select_related("author"), PAGE_SIZE)
    page = every.get_page(request.GET.get("page"))
    last = project.jobs.filter(kind=freeze.JOB).first()
    context = {
        "project": project,
        "active": "datasets",
        "form": form,
        "page": page,
        "redacted": redacted_of(project),
        "job": last if last and last.state != JobState.DONE else None,
        "unchanged": number_unchanged(last),
    }
    status = INVALID if form.errors else HttpResponse.status_code
    return render(request, "corpus/datasets.html", context, status=status)


def redacted_of(project: Project) -> set[int]:
    """The versions that lost their file to an erasure."""
    redactions = Redaction.objects.filter(dataset_version__project=project)
    return set(redactions.values_list("dataset_version", flat=True))


def number_unchanged(job: Job | None) -> int | None:
    """The version that the last freeze found to hold all there is."""
    return job.result.get("unchanged") if job else None


def version_page(
    request: ProjectRequest, version: DatasetVersion, form: ExportForm
) -> HttpResponse:
    splits = splits_of(version)
    others = version.project.dataset_versions.exclude(pk=version.pk)
    context = {
        "project": version.project,
        "active": "datasets",
        "version": version,
        "form": form,
        "formats": formats_for(version.project),
        "others": list(others.values_list("number", flat=True)),
        "previous": others.filter(number__lt=version.number).first(),
        "redactions": version.redactions.select_related("successor"),
        "damage": damage_of(version) if version.size <= CHECKED_AT_ONCE else None,
        "splits": splits,
        "questions": [table_of(each, splits) for each in version.counts["questions"]],
    }
    status = INVALID if form.errors else HttpResponse.status_code
    return render(request, "corpus/dataset.html", context, status=status)


def damage_of(version: DatasetVersion) -> str:
    """What is wrong with the file, "" if it is the one that was frozen."""
    try:
        freeze.verify(version)
    except freeze.DatasetDamaged as damaged:
        logger.exception("dataset damaged", extra={"dataset": version.pk})
        return str(damaged)
    return ""


def splits_of(version: DatasetVersion) -> list[tuple[str, int]]:
    """The splits that have documents, in their usual order."""
    counts = version.counts["splits"]
    return [(split, counts[split]) for split in SPLITS if split in counts]


def table_of(question: dict[str, Any], splits: list[tuple[str, int]]) -> dict[str, Any]:
    """The labels of a question with their documents per split, the most frequent first."""
    rows = [
        {
            "name": label["name"],
            "numbers": [label["splits"][split] for split, _ in splits],
            "all": sum(label["splits"].values()),
        }
        for label in question["labels"]
    ]
    rows.sort(key=lambda row: row["all"], reverse=True)
    totals = [sum(row["numbers"][place] for row in rows) for place in range(len(splits))]
    return {
        "name": question["name"],
        "is_span": question.get("kind") == SPAN,
        "answered": sum(question["answered"].values()),
        "answered_by_split": [question["answered"][split] for split, _ in splits],
        "rows": rows,
        "totals": [*totals, sum(totals)],
    }
