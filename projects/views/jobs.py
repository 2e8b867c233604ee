"""What runs in the background of a project: the list, one job and its progress, stop and resume."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from projects import jobs
from projects.access import EXPORTERS, ProjectRequest, project_view
from projects.models import Job, Membership, Project, Role
from projects.workers import workers_alive

PAGE_SIZE = 25


@require_GET
@project_view(EXPORTERS)
def job_list(request: ProjectRequest, project: Project) -> HttpResponse:
    every = Paginator(project.jobs.select_related("created_by"), PAGE_SIZE)
    context = {
        "project": project,
        "active": "data",
        "page": every.get_page(request.GET.get("page")),
        "worker_missing": not workers_alive() and project.jobs.unfinished().exists(),
    }
    return render(request, "projects/jobs.html", context)


@require_GET
@project_view(EXPORTERS)
def job_page(request: ProjectRequest, project: Project, job_id: int) -> HttpResponse:
    """A job, or for HTMX its progress, until that ends: then the whole page is loaded again."""
    job = get_object_or_404(project.jobs.select_related("created_by"), pk=job_id)
    if request.htmx and job.is_finished:
        return HttpResponseClientRefresh()
    context = {
        "project": project,
        "active": "data",
        "job": job,
        "may_steer": may_steer(request.membership, job),
    }
    template = "projects/job.html#progress" if request.htmx else "projects/job.html"
    return render(request, template, context)


@require_POST
@project_view(EXPORTERS)
def cancel_job(request: ProjectRequest, project: Project, job_id: int) -> HttpResponse:
    job = steerable_job(request, project, job_id)
    jobs.cancel(job)
    return redirect("job", project.slug, job.pk)


@require_POST
@project_view(EXPORTERS)
def retry_job(request: ProjectRequest, project: Project, job_id: int) -> HttpResponse:
    job = steerable_job(request, project, job_id)
    if not jobs.retry(job):
        messages.warning(request, "Only a job that failed or was cancelled can be run again.")
    return redirect("job", project.slug, job.pk)


def steerable_job(request: ProjectRequest, project: Project, job_id: int) -> Job:
    job = get_object_or_404(project.jobs, pk=job_id)
    if not may_steer(request.membership, job):
        raise PermissionDenied("Only an owner, or who started the job, may do that.")
    return job


def may_steer(membership: Membership, job: Job) -> bool:
    return membership.role == Role.OWNER or job.created_by_id == membership.user_id
