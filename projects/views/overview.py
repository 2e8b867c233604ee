from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from projects.access import LABELLERS, OWNERS, READERS, ProjectRequest, project_view
from projects.models import Project
from projects.progress import progress_of, to_do


@require_GET
@project_view(READERS)
def overview(request: ProjectRequest, project: Project) -> HttpResponse:
    """How far the project is, and what this person would do next."""
    role = request.membership.role
    progress = progress_of(project)
    context = {
        "project": project,
        "active": "overview",
        "progress": progress,
        "may_label": role in LABELLERS,
        "is_owner": role in OWNERS,
        "to_do": to_do(project, progress) if role in OWNERS else [],
        "questions": project.questions.prefetch_related("labels"),
        "guideline": project.guideline,
        "owners": project.memberships.filter(role__in=OWNERS).select_related("user"),
    }
    return render(request, "projects/overview.html", context)
