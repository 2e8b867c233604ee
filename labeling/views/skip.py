from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from labeling.skip import SkipReason
from labeling.skip import skip as skip_document
from labeling.submit import Conflict
from labeling.undo import undo as undo_last
from labeling.views.posted import posted_note, posted_submission, posted_uuid
from labeling.views.sheet import SAVED, label_page, saved_and_next
from labeling.views.submit import published_document
from projects.access import LABELLERS, ProjectRequest, project_view
from projects.models import Project


@require_POST
@project_view(LABELLERS)
def skip(request: ProjectRequest, project: Project, document_id: int) -> HttpResponse:
    """Hide the document from this person and bring the next one."""
    document = published_document(project, document_id)
    posted = request.POST.get("reason", "")
    if posted not in SkipReason.values:
        return label_page(request, project, document, error="Say why you skip it.", status=422)
    submission = posted_submission(request.POST)
    try:
        to_owner = skip_document(
            document=document,
            annotator=request.user,
            reason=SkipReason(posted),
            note=posted_note(request.POST),
            submission=submission,
        )
    except Conflict as conflict:
        return label_page(request, project, document, error=str(conflict), status=409)
    message = "Skipped. Three people skipped it, so it went to the owner." if to_owner else ""
    return saved_and_next(request, project, submission.client_id, message=message)


@require_POST
@project_view(LABELLERS)
def undo(request: ProjectRequest, project: Project) -> HttpResponse:
    """Take back the last submit or skip and show its document again."""
    client_id = posted_uuid(request.POST, "client_id")
    if project.archived_at:
        said = "This project is archived, so nothing was undone."
        return saved_and_next(request, project, client_id, message=said)
    document = undo_last(project=project, annotator=request.user, client_id=client_id)
    if document is None:
        return saved_and_next(request, project, client_id, message="There is nothing to undo.")
    response = label_page(request, project, document, message="Undone. Your answer is back.")
    response[SAVED] = str(client_id)
    return response
