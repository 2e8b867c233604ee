"""The Model page: what the model is worth, and where each version came from."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from inference import engine
from inference.comparing.evidence import evidence_of
from inference.effect.page import effect_of
from inference.measuring.measure import measure_later
from inference.measuring.page import shown
from inference.models import PROMOTABLE, Measurement, ModelKind, ModelVersion
from inference.registry import beside, in_use, to_beat
from projects.access import EXPORTERS, READERS, ProjectRequest, project_view
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
    versions = versions_of(question) if question else []
    measurement = newest_measurement(project, question, versions) if question else None
    found = about(project, question, versions, measurement) if question else {}
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
    return version_page(request, project, version_of(project, question, number))


def version_page(
    request: ProjectRequest, project: Project, version: ModelVersion, status: int = 200, **also: Any
) -> HttpResponse:
    """`also`: why a promotion was refused, and the reason that was given for it."""
    main = "micro_f1" if version.question.takes_several else "accuracy"
    led = version.measurements.filter(contaminated=True).order_by("-created_at")
    may_act = request.membership.role == Role.OWNER and not project.archived_at
    can_suggest = version.kind in PROMOTABLE and not version.is_suggesting
    present = in_use(version.question)
    context = {
        "active": "models",
        "project": project,
        "engine": engine.state(),
        "version": version,
        "question": version.question,
        "is_fixed": version.kind in PROMOTABLE,
        "present": present,
        "seen": to_beat(present),
        "together": beside(version),
        "evidence": evidence_of(version, present) if can_suggest else None,
        "contaminated": led.values_list(f"figures__{main}", flat=True).first(),
        "may_act": may_act,
        "may_push": may_act and bool(version.files) and bool(settings.MLFLOW_TRACKING_URI),
        "may_download": request.membership.role in EXPORTERS,
        "documents": version.suggestions.values("document").distinct().count(),
        **also,
    }
    return render(request, "inference/model.html", context, status=status)


def version_of(project: Project, question: str, number: int) -> ModelVersion:
    """Raises Http404."""
    versions = ModelVersion.objects.in_project(project).select_related(
        "project",
        "question",
        "last_event",
        "dataset_version",
        "author",
        "base__project",
        "base__question",
    )
    return get_object_or_404(versions, question__name=question, number=number)


def asked_for(questions: list[Question], name: str | None) -> Question | None:
    """The question of this name, without a name the first; None where there is none at all."""
    if name is None:
        return questions[0] if questions else None
    for question in questions:
        if question.name == name:
            return question
    raise Http404


def versions_of(question: Question) -> list[ModelVersion]:
    """The newest first."""
    versions = ModelVersion.objects.filter(question=question).order_by("-number")
    return list(versions.select_related("project", "question", "dataset_version"))


def newest_measurement(
    project: Project, question: Question, versions: Sequence[ModelVersion]
) -> Measurement | None:
    """The last one of what people see, in the reserve's current epoch, unless several labels were
    not allowed then, or no longer are. Versions are measured by themselves as well, which is not
    shown here.
    """
    of_epoch = question.measurements.filter(
        reserve_epoch=project.reserve_epoch,
        contaminated=False,
        model_version__in=suggesting_among(versions),
        figures__has_key="effect",
    )
    newest = of_epoch.order_by("-created_at", "-pk").first()
    main = "micro_f1" if question.takes_several else "accuracy"
    return newest if newest and main in newest.figures else None


def suggesting_among(versions: Sequence[ModelVersion]) -> list[int]:
    """The promoted version, by itself or with the live head on it; else the live heads without."""
    promoted = next((v.pk for v in versions if v.kind in PROMOTABLE and v.is_suggesting), None)
    return [
        version.pk
        for version in versions
        if (version.is_live and version.base_id == promoted) or version.pk == promoted
    ]


def about(
    project: Project,
    question: Question,
    versions: Sequence[ModelVersion],
    measurement: Measurement | None,
) -> dict[str, Any]:
    """What the page says of one question."""
    figures = shown(question, measurement) if measurement else None
    measured = {version.pk: version for version in versions}
    return {
        "measurement": measurement,
        "measured": measured[measurement.model_version_id] if measurement else None,
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
