"""Two versions of a question side by side."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from inference.comparing.compare import compare_at_once, in_order, newest_comparison
from inference.comparing.job import compare_later, job_of
from inference.comparing.page import differing_documents, shown
from inference.models import ModelKind, ModelVersion
from inference.registry import beside, in_use, to_beat
from inference.views.models import versions_of
from projects.access import EXPORTERS, OWNERS, READERS, ProjectRequest, project_view
from projects.models import Project, Question, Role
from projects.workers import workers_alive


@require_GET
@project_view(READERS)
def compare_models(request: ProjectRequest, project: Project, question: str) -> HttpResponse:
    """The newest comparison of `?first=` and `?second=`, without them of what suggests and the
    newest version. HTMX asks again while one is under way.
    """
    row = get_object_or_404(project.questions.prefetch_related("labels"), name=question)
    versions = [one for one in versions_of(row) if one.kind != ModelKind.TUNED]
    pair = pair_of(row, versions, request.GET.get("first"), request.GET.get("second"))
    context = {
        "active": "models",
        "project": project,
        "question": row,
        "versions": versions,
        "may_act": request.membership.role == Role.OWNER and not project.archived_at,
        **(compared(request, project, row, pair) if pair else {}),
    }
    part = "#compared" if request.htmx else ""
    return render(request, f"inference/compare.html{part}", context)


@require_POST
@project_view(OWNERS)
def run_comparison(request: ProjectRequest, project: Project, question: str) -> HttpResponse:
    """At once where both are known to have said it all, else as a job."""
    row = get_object_or_404(project.questions, name=question)
    versions = versions_of(row)
    pair = pair_of(row, versions, request.POST.get("first"), request.POST.get("second"))
    address = reverse("compare_models", args=[project.slug, row.name])
    if pair is None:
        return redirect(address)
    if compare_at_once(*pair) is None:
        compare_later(*pair, author=request.user)
    return redirect(f"{address}?first={pair[0].number}&second={pair[1].number}")


def pair_of(
    question: Question, versions: list[ModelVersion], first: str | None, second: str | None
) -> tuple[ModelVersion, ModelVersion] | None:
    """Two different versions, the older first; None where there are no two, or no such ones."""
    numbers = {str(version.number): version for version in versions}
    present = to_beat(in_use(question))
    one = numbers.get(first or (str(present.number) if present else ""))
    others = [version for version in versions if version != one]
    other = numbers.get(second) if second else next(iter(others), None)
    if one is None or other is None or one == other:
        return None
    return in_order(one, other)


def compared(
    request: ProjectRequest,
    project: Project,
    question: Question,
    pair: tuple[ModelVersion, ModelVersion],
) -> dict[str, Any]:
    """What the page says of these two. Documents are listed for those who may read them all."""
    comparison, job = newest_comparison(*pair), job_of(*pair)
    waiting = job is not None and not job.is_finished
    found: dict[str, Any] = {
        "first": pair[0],
        "second": pair[1],
        "comparison": comparison,
        "shown": shown(question, comparison) if comparison else None,
        "job": job,
        "waiting": waiting,
        "worker_missing": waiting and not workers_alive(),
        "together": next(((one, head) for one in pair if (head := beside(one))), None),
    }
    if comparison is not None and request.membership.role in EXPORTERS:
        page, rows, held_back = differing_documents(
            project, question, comparison, request.GET.get("page")
        )
        found |= {"page": page, "rows": rows, "held_back": held_back}
    return found
