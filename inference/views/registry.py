"""The versions of a question: which there are, what each is worth, which one suggests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from inference.comparing.evidence import Evidence, evidence_among
from inference.evaluating.job import evaluate_later, evaluate_what_is_new, jobs_of
from inference.measuring.measure import measure_later, measuring
from inference.models import PROMOTABLE, Measurement, ModelVersion, Promotion, Stage
from inference.promote import Refused, archive, promote, rollback
from inference.promoted.versions import trouble_with
from inference.registry import in_use, to_beat
from inference.views.models import asked_for, version_of, version_page
from projects.access import OWNERS, READERS, ProjectRequest, project_view
from projects.models import Job, Project, Question, Role
from projects.workers import workers_alive

INVALID = 422


@dataclass(frozen=True, slots=True)
class Row:
    """A version as the list shows it. `contaminated`: its figure on answers that were led."""

    version: ModelVersion
    contaminated: dict[str, Any] | None
    job: Job | None
    evidence: Evidence | None
    is_in_use: bool

    @property
    def is_waiting(self) -> bool:
        return self.job is not None and not self.job.is_finished

    @property
    def is_fixed(self) -> bool:
        return self.version.kind in PROMOTABLE

    @property
    def may_archive(self) -> bool:
        return self.is_fixed and self.version.stage in (Stage.CHALLENGER, Stage.NONE)


@require_GET
@project_view(READERS)
def registry(request: ProjectRequest, project: Project) -> HttpResponse:
    """All versions of one question. HTMX asks again while one is being measured."""
    questions = list(project.questions.usable())
    question = asked_for(questions, request.GET.get("question"))
    present = in_use(question) if question else None
    rows = rows_of(question, present) if question else []
    evaluate_what_is_new(project, [row.version for row in rows])
    if present:
        measure_later(project)
    waiting = any(row.is_waiting for row in rows)
    context = {
        "active": "models",
        "project": project,
        "questions": questions,
        "question": question,
        "rows": rows,
        "present": present,
        "seen": to_beat(present),
        "trouble": trouble_with(present) if present else "",
        "promotions": list(promotions_of(question)) if question else [],
        "waiting": waiting,
        "worker_missing": waiting and not workers_alive(),
        "may_act": may_act(request, project),
    }
    part = "#versions" if request.htmx else ""
    return render(request, f"inference/registry.html{part}", context)


@require_POST
@project_view(OWNERS)
def promote_model(
    request: ProjectRequest, project: Project, question: str, number: int
) -> HttpResponse:
    version = version_of(project, question, number)
    reason = request.POST.get("reason", "")
    seen = request.POST.get("instead_of", "")
    try:
        promote(
            version=version,
            author=request.user,
            reason=reason,
            instead_of=int(seen) if seen.isdecimal() else None,
        )
    except Refused as why:
        refusal = {"refused": str(why), "reason": reason}
        return version_page(request, project, version, status=INVALID, **refusal)
    messages.success(request, f"{version} suggests from now on.")
    return to_registry(project, version.question)


@require_POST
@project_view(OWNERS)
def rollback_model(request: ProjectRequest, project: Project, question: str) -> HttpResponse:
    row = get_object_or_404(project.questions, name=question)
    seen = request.POST.get("instead_of", "")
    try:
        back = rollback(
            question=row,
            author=request.user,
            instead_of=int(seen) if seen.isdecimal() else None,
        )
    except Refused as why:
        messages.error(request, str(why))
        return to_registry(project, row)
    for passed in back.evidence["passed_over"]:
        messages.warning(request, f"Passed over: {passed}")
    messages.success(request, f"Back to what was: {back.model_version or 'the live head'}.")
    return to_registry(project, row)


@require_POST
@project_view(OWNERS)
def archive_model(
    request: ProjectRequest, project: Project, question: str, number: int
) -> HttpResponse:
    version = version_of(project, question, number)
    try:
        archive(version)
    except Refused as why:
        messages.error(request, str(why))
    else:
        messages.success(request, f"Archived {version}. It can still be promoted.")
    return to_registry(project, version.question)


@require_POST
@project_view(OWNERS)
def evaluate_model(
    request: ProjectRequest, project: Project, question: str, number: int
) -> HttpResponse:
    """Measure a fixed version again."""
    version = version_of(project, question, number)
    if version.kind in PROMOTABLE:
        evaluate_later(version)
    else:
        messages.warning(request, f"{version} is measured by itself as answers come in.")
    return to_registry(project, version.question)


def rows_of(question: Question, present: ModelVersion | None) -> list[Row]:
    """The newest first. Five queries, and one where a version is promoted."""
    rows = ModelVersion.objects.filter(question=question).order_by("-number")
    versions = list(rows.select_related("project", "question", "dataset_version", "author"))
    known = evidence_among(versions, to_beat(present))
    main = "micro_f1" if question.takes_several else "accuracy"
    led = Measurement.objects.filter(question=question, contaminated=True).order_by("created_at")
    contaminated = dict(led.values_list("model_version", f"figures__{main}"))
    jobs = {job.params["version"]: job for job in jobs_of(question.project).order_by("pk")}
    of_live = measuring(question.project)
    return [
        Row(
            version=version,
            contaminated=contaminated.get(version.pk),
            job=of_live if version.is_live and not version.metrics else jobs.get(version.pk),
            evidence=known.get(version.pk),
            is_in_use=version == present,
        )
        for version in versions
    ]


def promotions_of(question: Question) -> QuerySet[Promotion]:
    """The newest first."""
    rows = Promotion.objects.filter(question=question).select_related(
        "author",
        "model_version__project",
        "model_version__question",
        "replaced__project",
        "replaced__question",
    )
    return rows.order_by("-pk")


def may_act(request: ProjectRequest, project: Project) -> bool:
    return request.membership.role == Role.OWNER and not project.archived_at


def to_registry(project: Project, question: Question) -> HttpResponse:
    return redirect(f"{reverse('registry', args=[project.slug])}?question={question.name}")
