"""“Label the rest”: a model answers what people need not, with a bound on its errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from inference.autolabel import run as runs
from inference.autolabel.page import StartForm, context_of
from inference.autolabel.run import CannotDo
from inference.models import AutoLabelRun, RunState
from inference.views.models import asked_for
from projects.access import OWNERS, READERS, ProjectRequest, project_view
from projects.models import Project, Question, Role
from projects.workers import workers_alive

INVALID = 422


@require_GET
@project_view(READERS)
def auto_label(request: ProjectRequest, project: Project) -> HttpResponse:
    """HTMX asks for the run that is under way."""
    question = asked_for(_questions(project), request.GET.get("question"))
    return _page(request, project, question, StartForm())


@require_POST
@project_view(OWNERS)
def start_auto_label(request: ProjectRequest, project: Project) -> HttpResponse:
    question = asked_for(_questions(project), request.POST.get("question"))
    if question is None:
        raise Http404
    form = StartForm(request.POST)
    if form.is_valid():
        left = runs.remaining(project).count()
        try:
            runs.start(
                question=question,
                target=form.cleaned_data["target"],
                calibration=form.calibration_for(left),
                audit=form.cleaned_data["audit"],
                author=request.user,
            )
        except CannotDo as why:
            form.add_error(None, str(why))
        else:
            return redirect(_address(project, question))
    return _page(request, project, question, form)


@require_POST
@project_view(OWNERS)
def choose_auto_label(request: ProjectRequest, project: Project, run_id: int) -> HttpResponse:
    """Go on with the answers there are: choose what the model may label."""
    return _act(request, project, run_id, runs.choose)


@require_POST
@project_view(OWNERS)
def apply_auto_label(request: ProjectRequest, project: Project, run_id: int) -> HttpResponse:
    return _act(request, project, run_id, lambda run: runs.apply(run=run, actor=request.user))


@require_POST
@project_view(OWNERS)
def undo_auto_label(request: ProjectRequest, project: Project, run_id: int) -> HttpResponse:
    """Take back everything that a run labelled."""
    return _act(request, project, run_id, lambda run: runs.undo(run=run, actor=request.user))


@require_POST
@project_view(OWNERS)
def stop_auto_label(request: ProjectRequest, project: Project, run_id: int) -> HttpResponse:
    """End a run that has labelled nothing yet, or halt the work of one that has."""
    return _act(request, project, run_id, _stop)


@require_POST
@project_view(OWNERS)
def resume_auto_label(request: ProjectRequest, project: Project, run_id: int) -> HttpResponse:
    """Run the job that failed or was halted again, from where it was."""
    return _act(request, project, run_id, runs.go_on)


def _act(
    request: ProjectRequest, project: Project, run_id: int, act: Callable[[AutoLabelRun], None]
) -> HttpResponse:
    mine = AutoLabelRun.objects.filter(project=project).select_related("project", "question", "job")
    run = get_object_or_404(mine, pk=run_id)
    try:
        act(run)
    except CannotDo as why:
        messages.warning(request, str(why))
    return redirect(_address(project, run.question))


def _stop(run: AutoLabelRun) -> None:
    has_labelled = run.state in {RunState.APPLYING, RunState.UNDOING}
    (runs.halt if has_labelled else runs.stop)(run)


def _questions(project: Project) -> list[Question]:
    return list(project.questions.usable())


def _address(project: Project, question: Question) -> str:
    return f"{reverse('auto_label', args=[project.slug])}?question={question.name}"


def _page(
    request: ProjectRequest, project: Project, question: Question | None, form: StartForm
) -> HttpResponse:
    found: dict[str, Any] = context_of(project, question) if question else {}
    newest = found.get("newest")
    context = {
        "active": "models",
        "project": project,
        "questions": _questions(project),
        "question": question,
        "form": form,
        "may_act": request.membership.role == Role.OWNER and not project.archived_at,
        "worker_missing": bool(newest and newest.is_working) and not workers_alive(),
        **found,
    }
    status = INVALID if form.errors else HttpResponse.status_code
    part = (
        "inference/auto_label_run.html" if request.htmx and newest else "inference/auto_label.html"
    )
    return render(request, part, context, status=status)
