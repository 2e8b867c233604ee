"""The end of a project, for now or for good, and of one's part in it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from projects import archive as archiving
from projects import jobs
from projects.access import (
    OWNERS,
    READERS,
    ProjectRequest,
    SignedInRequest,
    project_view,
    signed_in,
)
from projects.delete_project import begin_deleting, consequences_of, deletions_of
from projects.members import LastOwner, remove_member
from projects.models import Project


@require_POST
@project_view(OWNERS)
def archive(request: ProjectRequest, project: Project) -> HttpResponse:
    """Nobody is given documents any more; what is there can be read and exported."""
    archiving.archive(project=project)
    messages.success(request, f"“{project.name}” is archived.")
    return redirect("settings", project.slug)


@require_POST
@project_view(OWNERS, even_archived=True)
def unarchive(request: ProjectRequest, project: Project) -> HttpResponse:
    archiving.bring_back(project=project)
    messages.success(request, f"“{project.name}” is back.")
    return redirect("settings", project.slug)


@require_http_methods(["GET", "POST"])
@project_view(OWNERS, even_archived=True)
def delete(request: ProjectRequest, project: Project) -> HttpResponse:
    """Say what goes with the project; whoever types its address deletes it."""
    typed = request.POST.get("slug", "").strip()
    if request.method == "POST" and typed == project.slug:
        begin_deleting(project=project, owner=request.user)
        return redirect("home")  # It says there how far that is.
    context = {
        "project": project,
        "active": "settings",
        "section": "project",
        "consequences": consequences_of(project),
        "typed": typed,
        "error": request.method == "POST",
    }
    status = 422 if context["error"] else 200
    return render(request, "projects/delete.html", context, status=status)


@require_POST
@signed_in
def retry_deletion(request: SignedInRequest, job_id: int) -> HttpResponse:
    """Go on with a deletion that stopped: for whoever began it, as the project is hidden."""
    job = deletions_of(request.user).filter(pk=job_id).first()
    if job is None or not jobs.retry(job):
        messages.warning(request, "Only a deletion of yours that has stopped can go on.")
    return redirect("home")


@require_POST
@project_view(READERS)
def leave(request: ProjectRequest, project: Project) -> HttpResponse:
    """End one's own membership; answers stay."""
    try:
        remove_member(membership=request.membership)
    except LastOwner as last:
        messages.error(request, str(last))
        return redirect(project)
    messages.success(request, f"You have left “{project.name}”. Your answers are kept.")
    return redirect("home")
