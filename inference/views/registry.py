"""The versions of a question: which there are, what each is worth, which one suggests."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inference.models import ModelVersion
from inference.views.models import asked_for
from projects.access import READERS, ProjectRequest, project_view
from projects.models import Project


@require_GET
@project_view(READERS)
def registry(request: ProjectRequest, project: Project) -> HttpResponse:
    questions = list(project.questions.usable())
    question = asked_for(questions, request.GET.get("question"))
    versions = ModelVersion.objects.filter(question=question).select_related("project", "question")
    context = {
        "active": "models",
        "project": project,
        "questions": questions,
        "question": question,
        "versions": list(versions),
    }
    return render(request, "inference/registry.html", context)
