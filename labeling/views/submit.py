from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from labeling import queue
from labeling.chosen import InvalidAnswers, chosen_from, questions_of
from labeling.drafts import save_draft
from labeling.items import Chosen
from labeling.submit import Conflict, Withdrawn
from labeling.submit import submit as submit_answers
from labeling.views.posted import posted_int, posted_submission, posted_uuid
from labeling.views.sheet import label_page, saved_and_next
from projects.access import LABELLERS, OWNERS, ProjectRequest, project_view
from projects.models import Document, DocumentState, Project

MOST_DRAFTS = 2**31 - 1
SURPLUS = "Saved. Others had answered it already, so it is kept beside theirs."
REPLACE = "Nothing was changed. Submit once more if what you see here is to replace it."


@require_POST
@project_view(LABELLERS)
def submit(request: ProjectRequest, project: Project, document_id: int) -> HttpResponse:
    """Save the answers and bring the next document."""
    document = published_document(project, document_id)
    submission = posted_submission(request.POST)
    chosen: Chosen = {}
    try:
        chosen = chosen_from(request.POST, questions_of(project), document.texts)
        if document.state == DocumentState.OWNER and request.membership.role in OWNERS:
            queue.reopen(document)
            document.refresh_from_db(fields=["state"])
        submitted = submit_answers(
            document=document, annotator=request.user, chosen=chosen, submission=submission
        )
    except InvalidAnswers as invalid:
        return label_page(
            request,
            project,
            document,
            posted=chosen,
            error=str(invalid),
            errors=invalid.errors,
            status=422,
        )
    except Conflict as conflict:
        error = str(conflict) if isinstance(conflict, Withdrawn) else f"{conflict} {REPLACE}"
        return label_page(request, project, document, posted=chosen, error=error, status=409)
    said = [SURPLUS] if submitted.surplus else []
    message = " ".join([*said, *submitted.warnings])
    return saved_and_next(request, project, submission.client_id, message=message)


@require_POST
@project_view(LABELLERS)
def draft(request: ProjectRequest, project: Project, document_id: int) -> HttpResponse:
    """Keep what is chosen so far."""
    document = published_document(project, document_id)
    try:
        chosen = chosen_from(request.POST, questions_of(project), document.texts)
    except InvalidAnswers as invalid:
        return HttpResponse(str(invalid), status=422, content_type="text/plain")
    save_draft(
        document=document,
        annotator=request.user,
        client_id=posted_uuid(request.POST, "client_id"),
        sequence=min(posted_int(request.POST, "sequence"), MOST_DRAFTS),
        chosen=chosen,
    )
    return HttpResponse(status=204)


def published_document(project: Project, document_id: int) -> Document:
    documents = project.documents.published().select_related("project")
    return get_object_or_404(documents, pk=document_id)
