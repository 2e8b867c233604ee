"""The Model page: what the model is worth, and where each version came from."""

from __future__ import annotations

from math import ceil
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from inference import engine
from inference.effect.page import effect_of
from inference.measuring.measure import measure_later
from inference.measuring.page import shown
from inference.models import Measurement, ModelKind, ModelVersion
from projects.access import READERS, ProjectRequest, project_view
from projects.models import Project, Question, Role
from projects.models.document import BLIND_SHARE

TEST_SHARE = BLIND_SHARE / 2
"""Of the reserve, by `Document.split`."""


@require_GET
@project_view(READERS)
def models(request: ProjectRequest, project: Project) -> HttpResponse:
    """What the model of one question is worth. HTMX asks again: 204 while nothing is newer."""
    questions = list(project.questions.usable().prefetch_related("labels"))
    question = asked_for(questions, request.GET.get("question"))
    measurement = newest_measurement(project, question) if question else None
    found = about(project, question, measurement) if question else {}
    if question and measurement and "effect" in measurement.figures:
        people = request.membership.role == Role.OWNER
        found["effect"] = effect_of(question, measurement.figures["effect"], people=people)
    if found.get("serving"):
        measure_later(project)
    if request.htmx and measurement and request.GET.get("after") == measurement.stamp:
        return HttpResponse(status=204)
    context = {
        "active": "models",
        "project": project,
        "engine": engine.state(),
        "questions": questions,
        "question": question,
        **found,
    }
    template = "inference/measured.html" if request.htmx else "inference/models.html"
    return render(request, template, context)


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


def asked_for(questions: list[Question], name: str | None) -> Question | None:
    """The question of this name, without a name the first; None where there is none at all."""
    if name is None:
        return questions[0] if questions else None
    for question in questions:
        if question.name == name:
            return question
    raise Http404


def newest_measurement(project: Project, question: Question) -> Measurement | None:
    """The last one of the reserve's current epoch, unless several labels were not allowed then, or
    no longer are.
    """
    of_epoch = question.measurements.filter(reserve_epoch=project.reserve_epoch)
    newest = of_epoch.order_by("-created_at", "-pk").first()
    main = "micro_f1" if question.takes_several else "accuracy"
    return newest if newest and main in newest.figures else None


def about(project: Project, question: Question, measurement: Measurement | None) -> dict[str, Any]:
    """What the page says of one question."""
    versions = list(
        ModelVersion.objects.filter(question=question)
        .select_related("project", "question", "dataset_version")
        .order_by("-number")
    )
    figures = shown(question, measurement) if measurement else None
    return {
        "measurement": measurement,
        "shown": figures,
        "versions": versions,
        "serving": next(
            (row for row in versions if row.is_suggesting and row.kind != ModelKind.TUNED), None
        ),
        "needed": answers_needed(project, figures["missing"]) if figures else None,
    }


def answers_needed(project: Project, documents: int) -> int | None:
    """About how many answers it takes until so many more test documents are among them."""
    share = project.reserve * TEST_SHARE
    return ceil(documents / share) if share else None
