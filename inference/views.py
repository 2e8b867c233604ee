from __future__ import annotations

from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from inference import engine
from inference.models import ModelVersion
from projects.access import READERS, ProjectRequest, project_view
from projects.models import Project


@require_GET
@project_view(READERS)
def models(request: ProjectRequest, project: Project) -> HttpResponse:
    """What suggests for each question now, and every version there has been."""
    versions = ModelVersion.objects.select_related("project", "dataset_version")
    questions = project.questions.usable().prefetch_related(
        Prefetch("model_versions", versions.order_by("-number"))
    )
    serving = {
        question.pk: next((row for row in question.model_versions.all() if row.is_suggesting), None)
        for question in questions
    }
    return render(
        request,
        "inference/models.html",
        {
            "active": "models",
            "project": project,
            "engine": engine.state(),
            "questions": [(question, serving[question.pk]) for question in questions],
            "suggesting": [row for row in serving.values() if row],
        },
    )


@require_GET
@project_view(READERS)
def model(request: ProjectRequest, project: Project, question: str, number: int) -> HttpResponse:
    """Where one version came from and what is known of it."""
    version = get_object_or_404(
        ModelVersion.objects.in_project(project).select_related(
            "project", "question", "last_event", "dataset_version"
        ),
        question__name=question,
        number=number,
    )
    return render(
        request,
        "inference/model.html",
        {
            "active": "models",
            "project": project,
            "engine": engine.state(),
            "version": version,
            "documents": version.suggestions.values("document").distinct().count(),
        },
    )
