"""Questions and their labels."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from projects.access import OWNERS, READERS, ProjectRequest, project_view
from projects.colors import hues_for, stylesheet
from projects.forms import LabelForm, QuestionForm
from projects.models import Label, Project, Question


@require_GET
@project_view(OWNERS)
def labels(request: ProjectRequest, project: Project) -> HttpResponse:
    """Every question with its labels, each to be changed in place."""
    return _page(request, project)


@require_POST
@project_view(OWNERS)
def add_question(request: ProjectRequest, project: Project) -> HttpResponse:
    form = QuestionForm(request.POST, project=project, prefix="new-question")
    if not form.is_valid():
        return _page(request, project, question_form=form)
    form.save()
    return _done(request, project, "Question added. Now give it labels.")


@require_POST
@project_view(OWNERS)
def change_question(request: ProjectRequest, project: Project, question_id: int) -> HttpResponse:
    question = get_object_or_404(project.questions, pk=question_id)
    form = QuestionForm(request.POST, project=project, instance=question)
    if not form.is_valid():
        return _refused(request, project, form)
    form.save()
    return _done(request, project, f"Saved “{question.name}”.")


@require_POST
@project_view(OWNERS)
def delete_question(request: ProjectRequest, project: Project, question_id: int) -> HttpResponse:
    question = get_object_or_404(project.questions, pk=question_id)
    return _delete(request, project, question)


@require_POST
@project_view(OWNERS)
def add_label(request: ProjectRequest, project: Project, question_id: int) -> HttpResponse:
    question = get_object_or_404(project.questions, pk=question_id)
    form = LabelForm(request.POST, question=question)
    if not form.is_valid():
        return _refused(request, project, form)
    form.save()
    return _done(request, project, f"Added “{form.instance.name}”.")


@require_POST
@project_view(OWNERS)
def change_label(request: ProjectRequest, project: Project, label_id: int) -> HttpResponse:
    """Rename, recolour, rekey or move a label. Answers follow, for they point at the row."""
    label = _label(project, label_id)
    form = LabelForm(request.POST, question=label.question, instance=label)
    if not form.is_valid():
        return _refused(request, project, form)
    form.save()
    return _done(request, project, f"Saved “{form.instance.name}”.")


@require_POST
@project_view(OWNERS)
def delete_label(request: ProjectRequest, project: Project, label_id: int) -> HttpResponse:
    return _delete(request, project, _label(project, label_id))


@require_GET
@cache_control(private=True, no_cache=True)
@project_view(READERS)
def labels_css(request: HttpRequest, project: Project) -> HttpResponse:
    """The colours of the project's labels."""
    hues: dict[int, int] = {}
    for question in project.questions.prefetch_related("labels"):
        hues |= hues_for(question.labels.all())
    return HttpResponse(stylesheet(hues), content_type="text/css; charset=utf-8")


def _page(
    request: ProjectRequest, project: Project, question_form: QuestionForm | None = None
) -> HttpResponse:
    questions = list(project.questions.prefetch_related("labels"))
    context = {
        "project": project,
        "active": "settings",
        "section": "labels",
        "questions": questions,
        "question_form": question_form or QuestionForm(project=project, prefix="new-question"),
    }
    status = 422 if question_form else 200
    return render(request, "projects/labels.html", context, status=status)


def _label(project: Project, label_id: int) -> Label:
    labels = Label.objects.filter(question__project=project).select_related("question")
    return get_object_or_404(labels, pk=label_id)


def _delete(request: ProjectRequest, project: Project, row: Label | Question) -> HttpResponse:
    """Delete what no answer uses; say how many use it otherwise."""
    name = row.name
    try:
        row.delete()
    except ProtectedError as error:
        used = len(error.protected_objects)
        answers = "1 answer uses" if used == 1 else f"{used:,} answers use"
        messages.error(request, f"“{name}” was not deleted: {answers} it. Rename it instead.")
        return redirect("labels", project.slug)
    return _done(request, project, f"Deleted “{name}”.")


def _refused(
    request: ProjectRequest, project: Project, form: LabelForm | QuestionForm
) -> HttpResponse:
    for field, errors in form.errors.items():
        words = " ".join(str(error) for error in errors)
        messages.error(request, f"Not saved. {form.fields[field].label}: {words}")
    return redirect("labels", project.slug)


def _done(request: ProjectRequest, project: Project, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("labels", project.slug)
