"""The end of a project, for now or for good, and of one's part in it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from projects.access import OWNERS, READERS, ProjectRequest, project_view
from projects.delete_project import begin_deleting
from projects.members import LastOwner, remove_member
from projects.models import Project
from projects.workers import workers_alive


@require_POST
@project_view(OWNERS)
def archive(request: ProjectRequest, project: Project) -> HttpResponse:
    """Nobody is given documents any more; what is there can be read and exported."""
    Project.objects.filter(pk=project.pk, archived_at=None).update(archived_at=timezone.now())
    messages.success(request, f"“{project.name}” is archived.")
    return redirect("settings", project.slug)


@require_POST
@project_view(OWNERS, even_archived=True)
def unarchive(request: ProjectRequest, project: Project) -> HttpResponse:
    Project.objects.filter(pk=project.pk).update(archived_at=None)
    messages.success(request, f"“{project.name}” is back.")
    return redirect("settings", project.slug)


@require_http_methods(["GET", "POST"])
@project_view(OWNERS, even_archived=True)
def delete(request: ProjectRequest, project: Project) -> HttpResponse:
    """Say what goes with the project; whoever types its address deletes it."""
    typed = request.POST.get("slug", "").strip()
    if request.method == "POST" and typed == project.slug:
        begin_deleting(project=project, owner=request.user)
        words = f"“{project.name}” is gone. What it held is being removed."
        if not workers_alive():
            words += " No worker is running: the removal begins when one does."
        messages.success(request, words)
        return redirect("home")
    context = {
        "project": project,
        "active": "settings",
        "section": "project",
        "documents": project.documents.count(),
        "answers": project.annotations.filter(state="submitted").count(),
        "people": project.memberships.count(),
        "datasets": project.dataset_versions.count(),
        "typed": typed,
        "error": request.method == "POST",
    }
    status = 422 if context["error"] else 200
    return render(request, "projects/delete.html", context, status=status)


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
