from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from projects.access import LABELLERS, SignedInRequest, signed_in
from projects.delete_project import deletions_of
from projects.progress import my_projects


@require_GET
@signed_in
def home(request: SignedInRequest) -> HttpResponse:
    """The projects this person is a member of; for HTMX how far those are that go."""
    deletions = deletions_of(request.user)
    going = {"deletions": deletions, "going": not all(job.is_finished for job in deletions)}
    if request.htmx:
        return render(request, "projects/deletions.html", going)
    mine = my_projects(request.user)
    context = {
        "rows": [row for row in mine if not row[0].project.archived_at],
        "archived": [membership for membership, _ in mine if membership.project.archived_at],
        "labellers": LABELLERS,
        **going,
    }
    return render(request, "projects/home.html", context)
