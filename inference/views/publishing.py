from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from inference.models import ModelVersion
from inference.publishing.push import push_later
from inference.publishing.tracking import CannotPush
from projects.access import OWNERS, ProjectRequest, project_view
from projects.models import Project


@require_POST
@project_view(OWNERS)
def push_model(
    request: ProjectRequest, project: Project, question: str, number: int
) -> HttpResponse:
    """Have a version pushed to the MLflow registry; the job's page tells how far it is."""
    versions = ModelVersion.objects.in_project(project).select_related("project", "question")
    version = get_object_or_404(versions, question__name=question, number=number)
    try:
        job = push_later(version, request.user)
    except CannotPush as why:
        messages.error(request, str(why))
        return redirect(version)
    return redirect("job", project.slug, job.pk)
