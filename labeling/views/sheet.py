"""Drawing the labelling page: whole, or only the sheet that HTMX asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from labeling.items import Chosen
from labeling.queue import lease_next
from labeling.sheet import history_of, progress_of, sheet_for, why_nothing
from labeling.skip import SkipReason
from projects.access import ProjectRequest
from projects.guidelines import rendered
from projects.models import Document, Project

SAVED = "Annotate-Saved"


def label_page(
    request: ProjectRequest,
    project: Project,
    document: Document | None,
    *,
    message: str = "",
    error: str = "",
    status: int = 200,
    errors: Mapping[int, str] | None = None,
    posted: Chosen | None = None,
) -> HttpResponse:
    """The page about this document, or about why there is none. POSTs get the sheet alone."""
    guideline = project.guideline
    context: dict[str, Any] = {
        "project": project,
        "membership": request.membership,
        "active": "label",
        "sheet": sheet_for(document, request.user, posted) if document else None,
        "guidelines_html": rendered(guideline.text) if guideline else "",
        "guideline_number": guideline.number if guideline else None,
        "progress": progress_of(project, request.user),
        "history": history_of(project, request.user),
        "reason": "" if document else why_nothing(project),
        "skip_reasons": SkipReason.choices,
        "message": message,
        "error": error,
        "undo_id": uuid4(),
        "errors": errors or {},
    }
    fragment = request.htmx and not request.htmx.boosted
    template = "labeling/label.html#sheet" if fragment else "labeling/label.html"
    return render(request, template, context, status=status)


def saved_and_next(
    request: ProjectRequest, project: Project, client_id: UUID, *, message: str = ""
) -> HttpResponse:
    """Confirm what was saved and bring the next document.

    `next=0` asks for the confirmation alone, as a browser does that sends late answers.
    """
    if request.POST.get("next") == "0":
        response = HttpResponse(status=204)
    elif request.htmx:
        document = lease_next(project=project, annotator=request.user)
        response = label_page(request, project, document, message=message)
    else:
        if message:
            messages.info(request, message)
        response = redirect("label", project.slug)
    response[SAVED] = str(client_id)
    return response
