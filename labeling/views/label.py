from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from labeling.models import Annotation
from labeling.queue import lease_next
from labeling.views.sheet import label_page
from projects.access import LABELLERS, OWNERS, ProjectRequest, project_view
from projects.models import Document, Project


@require_GET
@never_cache
@project_view(LABELLERS)
def label(request: ProjectRequest, project: Project) -> HttpResponse:
    """The document this person works on now, or the next one."""
    document = lease_next(project=project, annotator=request.user)
    return label_page(request, project, document)


@require_GET
@never_cache
@project_view(LABELLERS)
def label_document(request: ProjectRequest, project: Project, document_id: int) -> HttpResponse:
    """A document of one's own: held, answered or skipped before. Owners may open any."""
    document = own_document(request, project, document_id)
    return label_page(request, project, None if project.archived_at else document)


def own_document(request: ProjectRequest, project: Project, document_id: int) -> Document:
    """The document, if this person may answer it now; 404 otherwise."""
    documents = project.documents.published().select_related("project")
    if request.membership.role not in OWNERS:
        held = project.slots.leased_to(request.user).values("document")
        touched = Annotation.objects.in_project(project).by(request.user).values("document")
        documents = documents.filter(pk__in=held) | documents.filter(pk__in=touched)
    return get_object_or_404(documents.distinct(), pk=document_id)
