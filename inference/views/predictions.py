"""What a fixed version says of the documents: searched, given out, asked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from inference.models import PROMOTABLE, ModelVersion
from inference.predictions import search
from inference.predictions.export import FORMATS, download, lines_of
from inference.predictions.filters import STATES, read_filters
from inference.predictions.job import job_of, predict_later, unasked
from inference.remote.failures import allow_again, given_up
from labeling.matching import BadFilter
from projects import jobs
from projects.access import EXPORTERS, OWNERS, ProjectRequest, project_view
from projects.models import Project
from projects.workers import workers_alive

INVALID = 422


@require_GET
@project_view(EXPORTERS)
def predictions(request: ProjectRequest, project: Project) -> HttpResponse:
    """What one version said, by the filters of the address."""
    versions = list(search.versions_with_predictions(project))
    problem, filters = "", None
    try:
        filters = read_filters(request.GET.dict(), versions)
    except BadFilter as bad:
        problem = str(bad)
    context: dict[str, Any] = {
        "project": project,
        "active": "models",
        "is_owner": request.membership.role in OWNERS,
        "versions": versions,
        "problem": problem,
        "filters": filters,
        "states": STATES.items(),
        "formats": FORMATS,
        "most_counted": search.MOST_COUNTED,
    }
    if filters is not None:
        after = request.GET.get("after", "")
        context |= {
            "query": urlencode(filters.as_query()),
            "page": search.page_of(project, filters, after=place(after)),
            "hidden": search.hidden_count(filters.version),
            "labels": filters.version.question.labels.all(),
            **_asking(filters.version),
        }
    status = INVALID if problem else HttpResponse.status_code
    part = "#asking" if request.htmx and filters is not None else ""
    return render(request, f"inference/predictions.html{part}", context, status=status)


@require_GET
@project_view(EXPORTERS)
def export_predictions(request: ProjectRequest, project: Project) -> HttpResponseBase:
    """All that the filters leave, as a file."""
    form = request.GET.get("as", "csv")
    try:
        filters = read_filters(request.GET.dict(), list(search.versions_with_predictions(project)))
    except BadFilter as bad:
        return HttpResponse(str(bad), status=INVALID, content_type="text/plain; charset=utf-8")
    if form not in FORMATS:
        raise Http404("There is no such file.")
    if filters is None:
        return redirect("predictions", project.slug)
    version = filters.version
    name = f"{project.slug}-{version.question.name}-{version.number}-predictions.{form}"
    return download(request, lines_of(project, filters, form), name=name)


@require_POST
@project_view(OWNERS)
def predict(request: ProjectRequest, project: Project, question: str, number: int) -> HttpResponse:
    """Ask a version about every document of which it has not said anything yet; `again`: also
    about those of which a remote one gave no usable answer so often that they were given up.
    """
    version = version_or_404(project, question, number)
    if version.kind in PROMOTABLE:
        if "again" in request.POST:
            allow_again(version)
        predict_later(version, request.user)
    else:
        messages.error(
            request, f"{version} follows the answers, so it is asked as documents are opened."
        )
    return _back(project, version)


@require_POST
@project_view(OWNERS)
def stop_predicting(
    request: ProjectRequest, project: Project, question: str, number: int
) -> HttpResponse:
    """What was recorded stays."""
    version = version_or_404(project, question, number)
    if job := job_of(version):
        jobs.cancel(job)
    return _back(project, version)


def version_or_404(project: Project, question: str, number: int) -> ModelVersion:
    versions = ModelVersion.objects.in_project(project).select_related("project", "question")
    return get_object_or_404(versions, question__name=question, number=number)


def place(value: str) -> int:
    """The id that a page goes on from; 0 when the address names none."""
    return int(value) if value.isdecimal() and len(value) <= search.MOST_DIGITS else 0


def _asking(version: ModelVersion) -> dict[str, Any]:
    """Whether it is being asked just now, and what is left to ask."""
    if version.kind not in PROMOTABLE:
        return {"job": None, "left": 0, "may_ask": False}
    job = job_of(version)
    is_waiting = job is not None and not job.is_finished
    return {
        "job": job,
        "is_waiting": is_waiting,
        "worker_missing": is_waiting and not workers_alive(),
        "left": 0 if is_waiting else unasked(version)[: search.MOST_COUNTED].count(),
        "may_ask": True,
        "given_up": 0 if is_waiting else given_up(version).count(),
    }


def _back(project: Project, version: ModelVersion) -> HttpResponse:
    address = redirect("predictions", project.slug)
    address["Location"] += f"?version={version.pk}"
    return address
