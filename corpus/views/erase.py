"""Erasing one document, after a look at what goes with it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from corpus.erase import CannotErase, consequences_of, erase
from corpus.versions.draft import NoRoom
from labeling.views.posted import posted_note, posted_uuid
from projects.access import OWNERS, ProjectRequest, project_view
from projects.models import Document, DocumentState, Project

INVALID, CONFLICT = 422, 409
REASON_LIMIT = 500
NOT_THERE = (DocumentState.STAGED, DocumentState.ERASED)


@require_http_methods(["GET", "POST"])
@project_view(OWNERS)
def erase_document(request: ProjectRequest, project: Project, document_id: int) -> HttpResponse:
    """What goes with the document; and, once its id has been typed, its end."""
    documents = project.documents.exclude(state__in=NOT_THERE).select_related("project")
    document = get_object_or_404(documents, pk=document_id)
    if request.method == "GET":
        return _page(request, document)
    if request.POST.get("confirm", "").strip() != word_for(document):
        error = f"Nothing was erased: type {word_for(document)} to confirm."
        return _page(request, document, error=error, status=INVALID)
    reason = posted_note(request.POST, "reason")[:REASON_LIMIT]
    client_id = posted_uuid(request.POST, "client_id")
    try:
        erase(document=document, owner=request.user, reason=reason, client_id=client_id)
    except (CannotErase, NoRoom) as why:
        return _page(request, document, error=str(why), status=CONFLICT)
    messages.success(request, "The document is erased. Who did what, and when, is kept here.")
    return redirect("document", project.slug, document.pk)


def word_for(document: Document) -> str:
    """What has to be typed: the document's own id, or the word where it has none."""
    return document.external_id.strip() or "erase"


def _page(
    request: ProjectRequest, document: Document, *, error: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "project": document.project,
        "active": "documents",
        "document": document,
        "consequences": consequences_of(document),
        "word": word_for(document),
        "reason": request.POST.get("reason", ""),
        "client_id": uuid.uuid4(),
        "error": error,
    }
    return render(request, "documents/erase.html", context, status=status)
