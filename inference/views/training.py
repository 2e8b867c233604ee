"""Training a model, and watching it being trained."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inference.training.base import refuse_if_off
from inference.training.labels import lost_labels
from inference.training.lessons import CannotTrain, blind_rows
from inference.training.page import TrainForm, plots, questions_of
from inference.training.register import registered
from inference.training.request import UnderWay, request_training, trainings_of
from inference.views.models import asked_for
from projects import jobs
from projects.access import OWNERS, READERS, ProjectRequest, project_view
from projects.models import Job, Project, Question, Role

INVALID = 422
SHOWN = 10


@require_http_methods(["GET", "HEAD", "POST"])
@project_view(OWNERS)
def train(request: ProjectRequest, project: Project) -> HttpResponse:
    """Choose a question and a dataset version, and press Train."""
    questions = questions_of(project)
    is_post = request.method == "POST"
    asked = request.POST.get("question") if is_post else request.GET.get("question")
    question = asked_for(questions, asked)
    if question is None:
        if is_post:
            raise Http404
        return train_page(request, project, questions=questions)
    number = request.GET.get("dataset", "")
    form = TrainForm(question, request.POST if is_post else None, number=number)
    if is_post and form.is_valid():
        try:
            job = request_training(
                dataset=form.cleaned_data["dataset"],
                question=question,
                settings=form.settings(),
                author=request.user,
            )
        except UnderWay as why:
            messages.warning(request, str(why))
            return redirect("training", project.slug, why.job.pk)
        except CannotTrain as why:
            form.add_error(None, str(why))
        else:
            return redirect("training", project.slug, job.pk)
    return train_page(request, project, questions=questions, question=question, form=form)


@require_GET
@project_view(READERS)
def training(request: ProjectRequest, project: Project, training_id: int) -> HttpResponse:
    """One training; while it goes on, HTMX asks for its progress."""
    job = get_object_or_404(trainings_of(project).select_related("created_by"), pk=training_id)
    question = project.questions.filter(pk=job.params["question"]).first()
    dataset = project.dataset_versions.filter(pk=job.params["dataset"]).first()
    context = {
        "active": "models",
        "project": project,
        "job": job,
        "question": question,
        "dataset": dataset,
        "plots": plots(job),
        "version": registered(job) if job.is_finished else None,
        "may_act": request.membership.role == Role.OWNER and not project.archived_at,
    }
    part = "#progress" if request.htmx else ""
    return render(request, f"inference/training.html{part}", context)


@require_POST
@project_view(OWNERS)
def stop_training(request: ProjectRequest, project: Project, training_id: int) -> HttpResponse:
    job = get_object_or_404(trainings_of(project), pk=training_id)
    jobs.cancel(job)
    return redirect("training", project.slug, job.pk)


@require_POST
@project_view(OWNERS)
def resume_training(request: ProjectRequest, project: Project, training_id: int) -> HttpResponse:
    job = get_object_or_404(trainings_of(project), pk=training_id)
    if not jobs.retry(job):
        messages.warning(request, "Only a training that failed or was stopped can be run again.")
    return redirect("training", project.slug, job.pk)


def train_page(
    request: ProjectRequest,
    project: Project,
    *,
    questions: list[Question],
    question: Question | None = None,
    form: TrainForm | None = None,
) -> HttpResponse:
    dataset = form.chosen if form else None
    context: dict[str, Any] = {
        "active": "models",
        "project": project,
        "questions": questions,
        "question": question,
        "form": form,
        "dataset": dataset,
        "refused": refusal(),
        "trainings": with_questions(project, questions),
    }
    if dataset and question:
        context["blind"] = blind_rows(dataset, question)
        context["lost"] = lost_labels(dataset, question)
    status = INVALID if form and form.errors else HttpResponse.status_code
    return render(request, "inference/train.html", context, status=status)


def refusal() -> str:
    """Why nothing can be trained on this server; empty where something can."""
    try:
        refuse_if_off()
    except CannotTrain as why:
        return str(why)
    return ""


def with_questions(project: Project, questions: list[Question]) -> list[tuple[Job, str]]:
    """The last trainings, with the question of each."""
    names = {question.pk: question.shown_title for question in questions}
    last = trainings_of(project).select_related("created_by").defer("checkpoint")[:SHOWN]
    return [(job, names.get(job.params["question"], "a question that is gone")) for job in last]
