"""What an owner does to one person's answer: correct it, withdraw it, put it back."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from labeling.chosen import InvalidAnswers, chosen_from, questions_of
from labeling.correct import correct
from labeling.items import Chosen
from labeling.models import Annotation, AnnotationState, Event
from labeling.sheet import sheet_of
from labeling.submit import Conflict
from labeling.views.posted import posted_note, posted_submission, posted_uuid
from labeling.withdraw import put_back, withdraw
from projects.access import OWNERS, ProjectRequest, project_view
from projects.guidelines import rendered
from projects.models import Project

INVALID, CONFLICT = 422, 409
AGAIN = "Nothing was changed. What stands now is shown."


@require_http_methods(["GET", "POST"])
@project_view(OWNERS)
def correct_answer(
    request: ProjectRequest, project: Project, document_id: int, annotation_id: int
) -> HttpResponse:
    """The labelling form with one person's answer in it, to be put right by an owner."""
    annotation = annotation_or_404(project, document_id, annotation_id)
    if annotation.state != AnnotationState.SUBMITTED:
        messages.warning(request, "Only an answer that stands can be corrected.")
        return redirect("document", project.slug, document_id)
    if request.method == "GET":
        return correct_page(request, annotation)
    chosen: Chosen = {}
    try:
        chosen = chosen_from(request.POST, questions_of(project), annotation.document.texts)
        submission = posted_submission(request.POST)
        correct(annotation=annotation, owner=request.user, chosen=chosen, submission=submission)
    except InvalidAnswers as invalid:
        return correct_page(request, annotation, posted=chosen, error=str(invalid), status=INVALID)
    except Conflict as conflict:
        annotation.refresh_from_db()
        return correct_page(request, annotation, error=f"{conflict} {AGAIN}", status=CONFLICT)
    messages.success(request, f"Corrected the answer of {who(annotation)}.")
    return redirect("document", project.slug, document_id)


@require_POST
@project_view(OWNERS)
def withdraw_answer(
    request: ProjectRequest, project: Project, document_id: int, annotation_id: int
) -> HttpResponse:
    annotation = annotation_or_404(project, document_id, annotation_id)
    reason, client_id = posted_note(request.POST, "reason"), posted_uuid(request.POST, "client_id")
    return _done(
        request,
        annotation,
        lambda: withdraw(
            annotation=annotation, owner=request.user, reason=reason, client_id=client_id
        ),
        f"Withdrew the answer of {who(annotation)}. Its place is free for somebody else.",
    )


@require_POST
@project_view(OWNERS)
def put_back_answer(
    request: ProjectRequest, project: Project, document_id: int, annotation_id: int
) -> HttpResponse:
    annotation = annotation_or_404(project, document_id, annotation_id)
    client_id = posted_uuid(request.POST, "client_id")
    return _done(
        request,
        annotation,
        lambda: put_back(annotation=annotation, owner=request.user, client_id=client_id),
        f"The answer of {who(annotation)} is back.",
    )


def correct_page(
    request: ProjectRequest,
    annotation: Annotation,
    *,
    posted: Chosen | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    guideline = annotation.project.guideline
    context = {
        "project": annotation.project,
        "active": "documents",
        "sheet": sheet_of(annotation, posted),
        "annotation": annotation,
        "who": who(annotation),
        "error": error,
        "guidelines_html": rendered(guideline.text) if guideline else "",
        "guideline_number": guideline.number if guideline else None,
    }
    return render(request, "documents/correct.html", context, status=status)


def annotation_or_404(project: Project, document_id: int, annotation_id: int) -> Annotation:
    """Of a document that is in: what was deleted is restored first."""
    annotations = Annotation.objects.filter(document__in=project.documents.published())
    related = annotations.select_related("annotator", "document__project", "project")
    return get_object_or_404(related, pk=annotation_id, document=document_id)


def who(annotation: Annotation) -> str:
    return annotation.annotator.shown_name if annotation.annotator else "the import"


def _done(
    request: ProjectRequest, annotation: Annotation, act: Callable[[], Event], words: str
) -> HttpResponse:
    try:
        act()
        messages.success(request, words)
    except Conflict as conflict:
        messages.warning(request, str(conflict))
    return redirect("document", annotation.project.slug, annotation.document_id)
