"""Models as Hugging Face folders: on their way in, label by label, and out."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from inference import artifacts
from inference.importing import waiting
from inference.importing.folder import found_in
from inference.importing.forms import MapForm, UploadForm, questions_for
from inference.importing.job import import_later
from inference.importing.unpack import CannotImport
from inference.models import ModelVersion
from inference.publishing.zipped import awaited, zipped
from inference.views.models import asked_for
from projects.access import EXPORTERS, OWNERS, ProjectRequest, project_view
from projects.models import Project

INVALID = 422


@require_http_methods(["GET", "HEAD", "POST"])
@project_view(OWNERS)
def import_model(request: ProjectRequest, project: Project) -> HttpResponse:
    """Upload a folder; what its labels mean is asked on the next page."""
    form = UploadForm(request.POST, request.FILES) if is_post(request) else UploadForm()
    if is_post(request) and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            return redirect("map_model", project.slug, waiting.receive(project, file, file.name))
        except CannotImport as why:
            form.add_error("file", str(why))
    context = {"active": "models", "project": project, "form": form}
    return render(request, "inference/import_model.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@project_view(OWNERS)
def map_model(request: ProjectRequest, project: Project, upload: str) -> HttpResponse:
    """Which question it answers, and which of its labels are which of ours."""
    try:
        folder = waiting.waiting(project, upload)
    except FileNotFoundError as why:
        raise Http404(str(why)) from why
    found, title = found_in(folder), waiting.title_of(folder)
    questions = questions_for(project, found)
    question = asked_for(questions, request.GET.get("question"))
    data = request.POST if is_post(request) else None
    form = MapForm(found, question, data, title=title) if question else None
    if question and form is not None and is_post(request) and form.is_valid():
        job = import_later(
            question=question,
            upload=upload,
            chosen=form.chosen,
            title=form.cleaned_data["title"],
            author=request.user,
        )
        return redirect("job", project.slug, job.pk)
    context = {
        "active": "models",
        "project": project,
        "found": found,
        "title": title,
        "questions": questions,
        "question": question,
        "form": form,
    }
    return render(request, "inference/import_model_labels.html", context, status=status_of(form))


@require_GET
@project_view(EXPORTERS)
def model_folder(
    request: ProjectRequest, project: Project, question: str, number: int
) -> HttpResponseBase:
    """The folder of a version, every file checked, as a zip made while it is sent."""
    version = get_object_or_404(
        ModelVersion.objects.in_project(project).select_related("project", "question"),
        question__name=question,
        number=number,
    )
    try:
        folder = artifacts.local(version)
    except artifacts.ArtifactDamaged as why:
        messages.error(request, str(why))
        return redirect(version)
    name = f"{project.slug}-{question}-{slugify(version.name)}-{number}"
    pieces = zipped(folder, version.files, version.created_at, inside=name)
    content = awaited(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.zip") or ""
    return response


def is_post(request: ProjectRequest) -> bool:
    return request.method == "POST"


def status_of(form: forms.Form | None) -> int:
    return INVALID if form is not None and form.errors else HttpResponse.status_code
