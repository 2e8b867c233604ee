"""Files on their way out."""

from __future__ import annotations

import io

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from corpus.exports.exporting import delete_export as delete
from corpus.exports.exporting import request_export, unsaid_lines
from corpus.exports.forms import USUAL, ExportForm
from corpus.exports.limits import formats_for, limits_of
from corpus.exports.options import CannotExport, in_words, options_of
from corpus.formats import FORMATS
from corpus.models import Export
from corpus.record import Unsaid
from corpus.views.downloads import download
from labeling.matching import Words
from projects import jobs
from projects.access import EXPORTERS, ProjectRequest, project_view
from projects.models import Membership, Project, Role
from projects.workers import workers_alive

PAGE_SIZE = 25
INVALID = 422


@require_GET
@project_view(EXPORTERS)
def export_list(request: ProjectRequest, project: Project) -> HttpResponse:
    return list_page(request, project, ExportForm(project, request.GET.get("format", USUAL)))


@require_POST
@project_view(EXPORTERS)
def create_export(request: ProjectRequest, project: Project) -> HttpResponse:
    form = ExportForm(project, request.POST.get("format", ""), request.POST)
    if form.is_valid():
        try:
            request_export(project=project, options=form.options(), created_by=request.user)
        except CannotExport as why:
            form.add_error(None, str(why))
        else:
            return redirect("exports", project.slug)
    return list_page(request, project, form)


@require_GET
@project_view(EXPORTERS)
def export_row(request: ProjectRequest, project: Project, export_id: int) -> HttpResponse:
    """One row of the list, which asks for itself as long as its file is being written."""
    export = get_object_or_404(rows_of(project), pk=export_id)
    context = {"project": project, "row": Row(request, export, Words(project))}
    return render(request, "corpus/export_rows.html#row", context)


@require_GET
@project_view(EXPORTERS)
def export_file(request: ProjectRequest, project: Project, export_id: int) -> HttpResponseBase:
    export = get_object_or_404(rows_of(project), pk=export_id)
    if export.is_erased:
        messages.error(request, f"{export}: a document that it may hold was erased. Export again.")
        return redirect("exports", project.slug)
    if not export.file:
        raise Http404("This export has not been written yet.")
    try:
        stream = export.file.open("rb")
    except FileNotFoundError:
        raise Http404("The file of this export is gone. Export it again.") from None
    media_type = FORMATS[export.format].media_type
    return download(request, stream, file_name=export.file_name, media_type=media_type)


@require_GET
@project_view(EXPORTERS)
def export_unsaid(request: ProjectRequest, project: Project, export_id: int) -> FileResponse:
    """What the format could not say, as a CSV that a spreadsheet may open."""
    export = get_object_or_404(project.exports.select_related("project", "dataset"), pk=export_id)
    name = f"{project.slug}-export-{export.pk}-not-said.csv"
    lines = unsaid_lines(Unsaid(**each) for each in export.unsaid)
    data = io.BytesIO("".join(lines).encode())
    return download(request, data, file_name=name, media_type="text/csv")


@require_POST
@project_view(EXPORTERS)
def cancel_export(request: ProjectRequest, project: Project, export_id: int) -> HttpResponse:
    export = steerable_export(request, project, export_id)
    if export.job:
        jobs.cancel(export.job)
    return redirect("exports", project.slug)


@require_POST
@project_view(EXPORTERS)
def retry_export(request: ProjectRequest, project: Project, export_id: int) -> HttpResponse:
    export = steerable_export(request, project, export_id)
    if not export.job or not jobs.retry(export.job):
        messages.warning(request, "Only an export that failed or was stopped can be run again.")
    return redirect("exports", project.slug)


@require_POST
@project_view(EXPORTERS)
def delete_export(request: ProjectRequest, project: Project, export_id: int) -> HttpResponse:
    export = steerable_export(request, project, export_id)
    name = export.file_name
    delete(export)
    messages.success(request, f"Deleted {name}.")
    return redirect("exports", project.slug)


def steerable_export(request: ProjectRequest, project: Project, export_id: int) -> Export:
    export = get_object_or_404(rows_of(project), pk=export_id)
    if not may_steer(request.membership, export):
        raise PermissionDenied("Only an owner, or who made the export, may do that.")
    return export


def may_steer(membership: Membership, export: Export) -> bool:
    return membership.role == Role.OWNER or export.created_by_id == membership.user_id


def rows_of(project: Project) -> QuerySet[Export]:
    related = ("job", "created_by", "dataset", "project")
    return project.exports.select_related(*related).defer("unsaid")


class Row:
    """An export as the list shows it."""

    def __init__(self, request: ProjectRequest, export: Export, words: Words) -> None:
        self.export = export
        self.words = in_words(options_of(export), words)
        self.may_steer = may_steer(request.membership, export)
        self.is_waiting = bool(export.job and not export.job.is_finished)
        self.may_retry = bool(not export.file and export.job and export.job.is_finished)


def list_page(request: ProjectRequest, project: Project, form: ExportForm) -> HttpResponse:
    """A form for the next export, and every one there is."""
    page = Paginator(rows_of(project), PAGE_SIZE).get_page(request.GET.get("page"))
    words = Words(project)
    rows = [Row(request, export, words) for export in page]
    context = {
        "project": project,
        "active": "data",
        "section": "exports",
        "form": form,
        "formats": formats_for(project),
        "limits": limits_of(project, form.format_name),
        "page": page,
        "rows": rows,
        "worker_missing": any(row.is_waiting for row in rows) and not workers_alive(),
        "documents": project.documents.published().count(),
    }
    status = INVALID if form.errors else HttpResponse.status_code
    return render(request, "corpus/exports.html", context, status=status)
