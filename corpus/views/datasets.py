"""Dataset versions: what was frozen, what is in it, and its file."""

from __future__ import annotations

import logging
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from corpus.exports.exporting import request_export
from corpus.exports.forms import USUAL, ExportForm
from corpus.exports.limits import formats_for
from corpus.exports.options import CannotExport
from corpus.models import DatasetTagMove, DatasetVersion, Redaction
from corpus.record import SPAN, SPLITS
from corpus.versions import freeze
from corpus.versions.card import warnings_of
from corpus.versions.card_shown import meanings_of, overlap_of, provenance_of
from corpus.versions.forms import FreezeForm, TagForm
from corpus.versions.recipe import in_words, recipe_of
from labeling.matching import Words
from projects.access import EXPORTERS, OWNERS, ProjectRequest, project_view
from projects.models import Job, JobState, Project

logger = logging.getLogger(__name__)

PAGE_SIZE = 25
MOST_MOVES = 20
INVALID = 422
CHECKED_AT_ONCE = 64 * 1024 * 1024
"""Bytes that are hashed while somebody waits for the page."""


@require_GET
@project_view(EXPORTERS)
def dataset_list(request: ProjectRequest, project: Project) -> HttpResponse:
    return list_page(request, project, FreezeForm(project))


@require_POST
@project_view(OWNERS, even_archived=True)
def freeze_dataset(request: ProjectRequest, project: Project) -> HttpResponse:
    form = FreezeForm(project, request.POST)
    if not form.is_valid():
        return list_page(request, project, form)
    freeze.request_freeze(
        project=project,
        comment=form.cleaned_data["comment"],
        author=request.user,
        recipe=form.recipe(),
    )
    return redirect("datasets", project.slug)


@require_GET
@project_view(EXPORTERS)
def dataset_page(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    return page_of(request, get_version(project, number))


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


def get_version(project: Project, number: int) -> DatasetVersion:
    versions = project.dataset_versions.select_related("author", "project")
    return get_object_or_404(versions, number=number)


def list_page(request: ProjectRequest, project: Project, form: FreezeForm) -> HttpResponse:
    versions = project.dataset_versions.select_related("author").prefetch_related("tags")
    every = Paginator(versions.defer("card", "people"), PAGE_SIZE)
    page = every.get_page(request.GET.get("page"))
    last = project.jobs.filter(kind=freeze.JOB).first()
    words = Words(project)
    context = {
        "project": project,
        "active": "datasets",
        "form": form,
        "page": page,
        "rows": [(version, said_of(version, words)) for version in page],
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


def said_of(version: DatasetVersion, words: Words) -> list[str]:
    """How it was asked for, a phrase for each thing that is not the usual."""
    recipe = recipe_of(version.recipe)
    said = ["each person's answers, under pseudonyms"] if recipe.everyone else []
    return said + in_words(recipe, words)


def page_of(
    request: ProjectRequest, version: DatasetVersion, tag_form: TagForm | None = None
) -> HttpResponse:
    form = ExportForm(version.project, request.GET.get("format", USUAL), dataset=version)
    return version_page(request, version, form, tag_form)


def version_page(
    request: ProjectRequest,
    version: DatasetVersion,
    form: ExportForm,
    tag_form: TagForm | None = None,
) -> HttpResponse:
    splits = splits_of(version)
    tag_form = tag_form or TagForm()
    others = version.project.dataset_versions.exclude(pk=version.pk)
    context = {
        "project": version.project,
        "active": "datasets",
        "version": version,
        "form": form,
        "tag_form": tag_form,
        "tags": list(version.tags.all()),
        "moves": moves_of(version),
        "said": in_words(recipe_of(version.recipe), Words(version.project)),
        "card": version.card,
        "overlap": overlap_of(version.card),
        "provenance": provenance_of(version.card),
        "meanings": meanings_of(version.card),
        "warnings": warnings_of(version.counts),
        "formats": formats_for(version.project),
        "others": list(others.values_list("number", flat=True)),
        "previous": others.filter(number__lt=version.number).first(),
        "redactions": version.redactions.select_related("successor"),
        "damage": damage_of(version) if version.size <= CHECKED_AT_ONCE else None,
        "splits": splits,
        "questions": [table_of(each, splits) for each in version.counts["questions"]],
    }
    status = INVALID if form.errors or tag_form.errors else HttpResponse.status_code
    return render(request, "corpus/dataset.html", context, status=status)


def moves_of(version: DatasetVersion) -> QuerySet[DatasetTagMove]:
    """What became of the tags that this version has or had, the latest first."""
    moves = DatasetTagMove.objects.filter(project=version.project_id)
    names = moves.filter(version=version).values("name")
    return moves.filter(name__in=names).select_related("version", "author")[:MOST_MOVES]


def damage_of(version: DatasetVersion) -> str:
    """What is wrong with the file, "" if it is the one that was frozen."""
    try:
        freeze.verify(version)
        freeze.verify_card(version)
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
