"""Looking through a project's documents, and through what was said about one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from labeling import documents as listing
from labeling.chosen import MOST_DIGITS, questions_of
from labeling.document_answers import answers_about, marks_in
from labeling.document_history import history_of
from labeling.document_suggestions import suggestions_about
from labeling.matching import ARMS, IMPORT, SPLITS, BadFilter
from labeling.models import Annotation
from projects.access import EXPORTERS, OWNERS, ProjectRequest, project_view
from projects.models import Document, DocumentState, Project, User

INVALID = 422


@require_GET
@project_view(EXPORTERS)
def documents(request: ProjectRequest, project: Project) -> HttpResponse:
    """The documents that the filters of the address leave."""
    filters, problem = filters_of(request, project)
    page, count = listing.Page([], 0, 0), None
    if not problem:
        after, before = (_place(request, name) for name in ("after", "before"))
        page = listing.page_of(project, filters, after=after, before=before)
        count = listing.count_of(project, filters)
    context = {
        "project": project,
        "active": "documents",
        "is_owner": request.membership.role in OWNERS,
        "problem": problem,
        "filters": filters,
        "query": urlencode(filters),
        "page": page,
        "count": count,
        "most_counted": listing.MOST_COUNTED,
        **_choices(project),
    }
    status = INVALID if problem else HttpResponse.status_code
    return render(request, "documents/documents.html", context, status=status)


@require_GET
@project_view(EXPORTERS)
def document(request: ProjectRequest, project: Project, document_id: int) -> HttpResponse:
    """One document: its texts, every answer, and all that happened to it."""
    found = document_or_404(project, document_id)
    about = answers_about(found)
    of_one = request.GET.get("as")
    shown = next((each for each in about.people if str(each.annotation.pk) == of_one), None)
    spans = shown.picks if shown else about.resolved_spans
    filters, problem = filters_of(request, project)
    before, after = listing.neighbours(project, filters, found) if not problem else (None, None)
    context = {
        "project": project,
        "active": "documents",
        "is_owner": request.membership.role in OWNERS,
        "document": found,
        "is_gone": found.state in {DocumentState.DELETED, DocumentState.ERASED},
        "is_erased": found.state == DocumentState.ERASED,
        "fields": [
            (name, text, marks_in(name, spans, about.names)) for name, text in found.fields()
        ],
        "about": about,
        "shown": shown,
        "history": history_of(found, about.names),
        "suggestions": suggestions_about(found, about.names),
        "query": urlencode(filters),
        "before": before,
        "after": after,
    }
    return render(request, "documents/document.html", context)


def filters_of(request: ProjectRequest, project: Project) -> tuple[dict[str, str], str]:
    """The filters of the address, and what is wrong with them."""
    try:
        return listing.read_filters(request.GET.dict(), project), ""
    except BadFilter as bad:
        return {}, str(bad)


def document_or_404(project: Project, document_id: int) -> Document:
    """Any document but one that is still being imported."""
    documents = project.documents.exclude(state=DocumentState.STAGED).select_related("project")
    return get_object_or_404(documents, pk=document_id)


def _place(request: ProjectRequest, name: str) -> int:
    """The id that a page goes on from; 0 when the address names none."""
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) <= MOST_DIGITS else 0


def _choices(project: Project) -> dict[str, Any]:
    """What the filters offer. Three queries."""
    theirs = Annotation.objects.in_project(project).filter(annotator=OuterRef("pk"))
    return {
        "states": listing.STATES.items(),
        "arms": ARMS.items(),
        "splits": SPLITS,
        "questions": questions_of(project),
        "people": User.objects.filter(Exists(theirs)).order_by("username"),
        "import_value": IMPORT,
    }
