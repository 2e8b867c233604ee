"""Files on their way in: upload, choose what the columns mean, watch, read the report."""

from __future__ import annotations

import tempfile
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from corpus.imports import receiving
from corpus.imports.forms import ColumnsForm, ReadingForm, UploadForm
from corpus.imports.problem_report import write_problems
from corpus.imports.receiving import Preview
from corpus.models import Import, ImportState
from corpus.record import BadFile
from corpus.views.downloads import download
from projects import jobs
from projects.access import OWNERS, ProjectRequest, project_view
from projects.models import Project

PAGE_SIZE = 25
PROBLEMS_SHOWN = 100
INVALID = 422


@require_GET
@project_view(OWNERS)
def import_list(request: ProjectRequest, project: Project) -> HttpResponse:
    return list_page(request, project, UploadForm())


@require_POST
@project_view(OWNERS)
def upload(request: ProjectRequest, project: Project) -> HttpResponse:
    """Keep the file; what its columns mean is asked on its own page."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return list_page(request, project, form)
    file = form.cleaned_data["file"]
    source = receiving.receive(
        project=project,
        file=file,
        file_name=file.name,
        format=form.cleaned_data["format"],
        uploaded_by=request.user,
    )
    return redirect(source)


@require_GET
@project_view(OWNERS)
def import_page(request: ProjectRequest, project: Project, import_id: int) -> HttpResponse:
    """What the columns are for, then the progress, then the report."""
    source = get_import(project, import_id)
    if source.state != ImportState.READY:
        return report_page(request, source)
    reading = ReadingForm(source)
    try:
        preview = receiving.preview(source)
    except BadFile as bad:
        return columns_page(request, source, reading=reading, problem=bad.problem)
    return columns_page(request, source, reading=reading, form=ColumnsForm(source, preview))


@require_POST
@project_view(OWNERS)
def start_import(request: ProjectRequest, project: Project, import_id: int) -> HttpResponse:
    """Start it; or show the first rows again, read and used as the page now says."""
    source = get_import(project, import_id)
    if source.state != ImportState.READY:
        return redirect(source)
    reading = ReadingForm(source, request.POST)
    if not reading.is_valid():
        return columns_page(request, source, reading=reading)
    receiving.read_as(source, reading.options)
    try:
        preview: Preview = receiving.preview(source)
    except BadFile as bad:
        return columns_page(request, source, reading=ReadingForm(source), problem=bad.problem)
    if reading.is_changed:
        form = ColumnsForm(source, preview)
        return columns_page(request, source, reading=ReadingForm(source), form=form, again=True)
    form = ColumnsForm(source, preview, request.POST)
    if not form.is_valid() or "look" in request.POST:
        return columns_page(request, source, reading=ReadingForm(source), form=form)
    receiving.start(
        source,
        pairs=form.pairs,
        create_labels=form.cleaned_data["create_labels"],
        on_bad_rows=form.cleaned_data["on_bad_rows"],
        created_by=request.user,
    )
    return redirect(source)


@require_POST
@project_view(OWNERS)
def discard_import(request: ProjectRequest, project: Project, import_id: int) -> HttpResponse:
    source = get_import(project, import_id)
    if source.state == ImportState.READY or source.is_stranded:
        receiving.discard(source, created_by=request.user)
        messages.success(request, f"“{source.file_name}” was thrown away.")
    else:
        messages.warning(request, "Only an import that waits or has stopped can be thrown away.")
    return redirect("imports", project.slug)


@require_POST
@project_view(OWNERS)
def resume_import(request: ProjectRequest, project: Project, import_id: int) -> HttpResponse:
    source = get_import(project, import_id)
    if not (source.is_stranded and source.job and jobs.retry(source.job)):
        messages.warning(request, "Only an import that has stopped can go on.")
    return redirect(source)


@require_GET
@project_view(OWNERS)
def import_problems(request: ProjectRequest, project: Project, import_id: int) -> FileResponse:
    source = get_import(project, import_id)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    write_problems(source, file)
    file.seek(0)
    name = f"{project.slug}-import-{source.pk}-problems.csv"
    return download(request, file, file_name=name, media_type="text/csv; charset=utf-8")


def get_import(project: Project, import_id: int) -> Import:
    return get_object_or_404(project.imports.select_related("job", "uploaded_by"), pk=import_id)


def list_page(request: ProjectRequest, project: Project, form: UploadForm) -> HttpResponse:
    every = Paginator(project.imports.select_related("uploaded_by", "job"), PAGE_SIZE)
    context = {
        "project": project,
        "active": "data",
        "section": "imports",
        "form": form,
        "page": every.get_page(request.GET.get("page")),
    }
    status = INVALID if form.errors else HttpResponse.status_code
    return render(request, "corpus/imports.html", context, status=status)


def columns_page(request: ProjectRequest, source: Import, **what: Any) -> HttpResponse:
    context = {
        "project": source.project,
        "active": "data",
        "source": source,
        "before": receiving.imported_before(source),
        **what,
    }
    forms = [what.get("form"), what.get("reading")]
    is_wrong = any(form is not None and form.errors for form in forms)
    status = INVALID if is_wrong else HttpResponse.status_code
    return render(request, "corpus/columns.html", context, status=status)


def report_page(request: ProjectRequest, source: Import) -> HttpResponse:
    context = {
        "project": source.project,
        "active": "data",
        "source": source,
        "job": source.job,
        "problems": source.problems.refused()[:PROBLEMS_SHOWN],
        "problem_count": source.problems.refused().count(),
        "warnings": source.problems.warnings()[:PROBLEMS_SHOWN],
        "warning_count": source.problems.warnings().count(),
    }
    return render(request, "corpus/import.html", context)
