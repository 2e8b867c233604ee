from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from projects.access import EXPORTERS, LABELLERS, OWNERS, READERS, ProjectRequest, project_view
from projects.models import Project
from projects.progress import (
    answers_by,
    answers_of_others,
    latest_events,
    progress_of,
    steps_of,
    with_answers,
)


@require_GET
@project_view(READERS)
def overview(request: ProjectRequest, project: Project) -> HttpResponse:
    """How far the project is, and what this person would do next."""
    role = request.membership.role
    progress = progress_of(project)
    looks_after = role in EXPORTERS
    context = {
        "project": project,
        "active": "overview",
        "progress": progress,
        "may_label": role in LABELLERS,
        "is_owner": role in OWNERS,
        "steps": steps_of(project, progress) if role in OWNERS else [],
        "mine": answers_by(project, request.user),
        # Who labels alone should not be led by how others are doing.
        "members": with_answers(project) if looks_after else [],
        "others": answers_of_others(project) if looks_after else 0,
        "activity": latest_events(project) if looks_after else [],
        "questions": project.questions.prefetch_related("labels"),
        "guideline": project.guideline,
        "owners": project.memberships.filter(role__in=OWNERS).select_related("user"),
    }
    return render(request, "projects/overview.html", context)
