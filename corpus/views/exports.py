"""Files on their way out."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from corpus.exporting import CannotExport, Options, request_export
from corpus.formats import FORMATS
from corpus.forms import ExportForm
from corpus.views.downloads import download
from projects.access import EXPORTERS, ProjectRequest, project_view
from projects.models import Project

PAGE_SIZE = 25
INVALID = 422


@require_GET
@project_view(EXPORTERS)
def export_list(request: ProjectRequest, project: Project) -> HttpResponse:
    return list_page(request, project, ExportForm())


@require_POST
@project_view(EXPORTERS)
def create_export(request: ProjectRequest, project: Project) -> HttpResponse:
    form = ExportForm(request.POST)
    if not form.is_valid():
        return list_page(request, project, form)
    try:
        request_export(
            project=project, options=Options(**form.cleaned_data), created_by=request.user
        )
    except CannotExport as why:
        form.add_error(None, str(why))
        return list_page(request, project, form)
    return redirect("exports", project.slug)


@require_GET
@project_view(EXPORTERS)
def export_file(request: ProjectRequest, project: Project, export_id: int) -> FileResponse:
    export = get_object_or_404(project.exports.select_related("project", "dataset"), pk=export_id)
    if not export.file:
        raise Http404("This export has not been written yet.")
    return download(
        request,
        export.file.open("rb"),
        file_name=export.file_name,
        media_type=FORMATS[export.format].media_type,
    )


def list_page(request: ProjectRequest, project: Project, form: ExportForm) -> HttpResponse:
    """Every export; the newest that is being written shows its progress."""
    rows = project.exports.select_related("job", "created_by", "dataset", "project")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    waiting = [row.job for row in page if row.job and not row.job.is_finished]
    context = {
        "project": project,
        "active": "data",
        "section": "exports",
        "form": form,
        "page": page,
        "job": waiting[0] if waiting else None,
        "documents": project.documents.published().count(),
    }
    status = INVALID if form.errors else HttpResponse.status_code
    return render(request, "corpus/exports.html", context, status=status)
