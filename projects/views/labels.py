"""Questions and their labels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from http import HTTPStatus

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Prefetch, ProtectedError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from projects import add_labels as adding
from projects.access import OWNERS, READERS, ProjectRequest, project_view
from projects.changes import announce_change
from projects.colors import hues_for, stylesheet
from projects.forms import LabelForm, QuestionForm
from projects.hide_suggestions import hide_suggestions
from projects.models import Label, Project, Question

MANY = 30
"""Labels of a question, beyond which one looks for them by name."""


@require_GET
@project_view(OWNERS)
def labels(request: ProjectRequest, project: Project) -> HttpResponse:
    """Every question with its labels; `?edit=` opens the form of one label."""
    edited = request.GET.get("edit", "")
    return _page(request, project, edited=int(edited) if is_id(edited) else 0)


@require_POST
@project_view(OWNERS)
def add_question(request: ProjectRequest, project: Project) -> HttpResponse:
    form = QuestionForm(request.POST, project=project, prefix="new-question")
    if not _saved(form, project):
        return _page(request, project, refused=form)
    return _done(request, form.instance, "Question added. Now give it labels.")


@require_POST
@project_view(OWNERS)
def change_question(request: ProjectRequest, project: Project, question_id: int) -> HttpResponse:
    question = get_object_or_404(project.questions, pk=question_id)
    form = QuestionForm(
        request.POST, project=project, instance=question, auto_id=f"q{question_id}-%s"
    )
    if not _saved(form, project):
        return _page(request, project, refused=form)
    return _done(request, question, f"Saved “{question.name}”.")


@require_POST
@project_view(OWNERS)
def delete_question(request: ProjectRequest, project: Project, question_id: int) -> HttpResponse:
    question = get_object_or_404(project.questions, pk=question_id)
    return _delete(request, question, question)


@require_POST
@project_view(OWNERS)
def add_label(request: ProjectRequest, project: Project, question_id: int) -> HttpResponse:
    question = get_object_or_404(project.questions, pk=question_id)
    form = LabelForm(request.POST, question=question, auto_id=f"new-{question_id}-%s")
    if not _saved(form, project):
        return _page(request, project, refused=form)
    return _done(request, question, f"Added “{form.instance.name}”.")


@require_POST
@project_view(OWNERS)
def add_labels(request: ProjectRequest, project: Project, question_id: int) -> HttpResponse:
    """Several at once, a line each."""
    question = get_object_or_404(project.questions, pk=question_id)
    text = request.POST.get("lines", "")
    try:
        added = adding.add_labels(question=question, text=text)
    except adding.BadLines as bad:
        return _page(request, project, pasted=Pasted(question.pk, text, bad.problems))
    return _done(request, question, f"Added {added:,} label{'' if added == 1 else 's'}.")


@require_POST
@project_view(OWNERS)
def change_label(request: ProjectRequest, project: Project, label_id: int) -> HttpResponse:
    """Rename, recolour, rekey or move a label. Answers follow, for they point at the row."""
    label = _label(project, label_id)
    form = LabelForm(
        request.POST, question=label.question, instance=label, auto_id=f"l{label_id}-%s"
    )
    if not _saved(form, project):
        return _page(request, project, refused=form)
    return _done(request, label.question, f"Saved “{label.name}”.")


@require_POST
@project_view(OWNERS)
def delete_label(request: ProjectRequest, project: Project, label_id: int) -> HttpResponse:
    label = _label(project, label_id)
    return _delete(request, label.question, label)


@require_POST
@project_view(OWNERS)
def change_suggestions(request: ProjectRequest, project: Project, label_id: int) -> HttpResponse:
    """Hide a label's suggestions (`hide`: 1) or show them again; back to where one came from."""
    label, hide = _label(project, label_id), request.POST.get("hide") == "1"
    hide_suggestions(label=label, hide=hide, by=request.user)
    after = "hidden from the next document on" if hide else "shown again"
    messages.success(request, f"Suggestions of “{label.name}” are {after}.")
    back = request.POST.get("back", "")
    is_here = url_has_allowed_host_and_scheme(back, None)
    return redirect(back if is_here else _place_of(label.question))


@require_GET
@cache_control(private=True, no_cache=True)
@project_view(READERS)
def labels_css(request: HttpRequest, project: Project) -> HttpResponseBase:
    """The colours of the project's labels; a browser that holds the same is told so."""
    hues: dict[int, int] = {}
    for question in project.questions.prefetch_related("labels"):
        hues |= hues_for(question.labels.all())
    css = stylesheet(hues)
    etag = f'"{hashlib.sha256(css.encode()).hexdigest()[:20]}"'
    response = HttpResponse(css, content_type="text/css; charset=utf-8", headers={"ETag": etag})
    return get_conditional_response(request, etag=etag, response=response) or response


Form = LabelForm | QuestionForm


@dataclass(frozen=True, slots=True)
class Pasted:
    """A list of labels that was refused."""

    question: int
    text: str
    problems: list[str]


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question as the page shows it; a label has a form only while it is being changed."""

    question: Question
    form: Form
    labels: list[tuple[Label, Form | None]]
    new_label: Form
    pasted: Pasted | None

    @property
    def has_many(self) -> bool:
        return len(self.labels) > MANY


def _page(
    request: ProjectRequest,
    project: Project,
    refused: Form | None = None,
    *,
    edited: int = 0,
    pasted: Pasted | None = None,
) -> HttpResponse:
    """The whole page. A form that was refused keeps what was typed, with the reasons."""
    used = Label.objects.annotate(used=Count("answers")).order_by("position", "pk")
    questions = project.questions.prefetch_related(Prefetch("labels", used))
    new = QuestionForm(project=project, prefix="new-question")
    context = {
        "project": project,
        "active": "settings",
        "section": "labels",
        "rows": [_row(project, question, refused, (edited, pasted)) for question in questions],
        "question_form": refused if refused and refused.prefix == new.prefix else new,
        "some_done": project.documents.done().exists(),
    }
    wrong = refused or pasted
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return render(request, "projects/labels.html", context, status=status)


def _row(
    project: Project,
    question: Question,
    refused: Form | None,
    opened: tuple[int, Pasted | None],
) -> QuestionRow:
    def shown(form: Form) -> Form:
        return refused if refused and refused.auto_id == form.auto_id else form

    def form_of(label: Label) -> Form | None:
        form = LabelForm(question=question, instance=label, auto_id=f"l{label.pk}-%s")
        open_now = (refused is not None and shown(form) is refused) or label.pk == edited
        return shown(form) if open_now else None

    edited, pasted = opened
    own = QuestionForm(project=project, instance=question, auto_id=f"q{question.pk}-%s")
    return QuestionRow(
        question=question,
        form=shown(own),
        labels=[(label, form_of(label)) for label in question.labels.all()],
        new_label=shown(LabelForm(question=question, auto_id=f"new-{question.pk}-%s")),
        pasted=pasted if pasted and pasted.question == question.pk else None,
    )


def is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18  # noqa: PLR2004 - bigint


def _label(project: Project, label_id: int) -> Label:
    labels = Label.objects.filter(question__project=project).select_related("question")
    return get_object_or_404(labels, pk=label_id)


def _saved(form: Form, project: Project) -> bool:
    """Check and save under one lock, so that a double click cannot slip between the two."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if not form.is_valid():
            return False
        form.save()
        announce_change(project.pk)
    return True


def _delete(request: ProjectRequest, question: Question, row: Label | Question) -> HttpResponse:
    """Delete what no answer uses; say how many use it otherwise."""
    name = row.name
    try:
        row.delete()
    except ProtectedError as error:
        used = len(error.protected_objects)
        answers = "1 answer uses" if used == 1 else f"{used:,} answers use"
        messages.error(
            request, f"“{name}” was not deleted: {answers} it. Rename it, or merge it into another."
        )
        return redirect(_place_of(question))
    announce_change(question.project_id)
    return _done(request, question, f"Deleted “{name}”.")


def _done(request: ProjectRequest, question: Question, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect(_place_of(question))


def _place_of(question: Question) -> str:
    """The page, scrolled to where the person was; at its top when the question is gone."""
    anchor = f"#question-{question.pk}" if question.pk else ""
    return reverse("labels", args=[question.project.slug]) + anchor
