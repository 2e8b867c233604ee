"""What an owner does to documents: out, back in, back to the queue. Each works on many."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from labeling import delete_documents as acts
from labeling import documents as listing
from labeling.chosen import MOST_DIGITS
from labeling.matching import BadFilter
from labeling.views.posted import posted_note
from projects.access import OWNERS, ProjectRequest, project_view
from projects.models import Project

MOST_AT_ONCE = 5000
NONE_TICKED = "Tick the documents first."


@require_POST
@project_view(OWNERS)
def delete_documents(request: ProjectRequest, project: Project) -> HttpResponse:
    """Say what would go with these documents; once that is confirmed, delete them."""
    chosen = _chosen(request, project)
    back = _back(request, project)
    if not chosen:
        return redirect(back)
    if request.POST.get("confirmed"):
        reason = posted_note(request.POST, "reason")
        gone = acts.delete_documents(
            project=project, documents=chosen, owner=request.user, reason=reason
        )
        messages.success(request, f"Deleted {_documents(gone)}. They can be restored.")
        return redirect(back)
    consequences = acts.consequences_of(project=project, documents=chosen)
    if consequences.is_nothing:
        messages.warning(request, "These are deleted already.")
        return redirect(back)
    context = {
        "project": project,
        "active": "documents",
        "consequences": consequences,
        "chosen": chosen,
        "all": bool(request.POST.get("all")),
        "query": request.POST.get("query", ""),
        "back": back,
    }
    return render(request, "documents/delete.html", context)


@require_POST
@project_view(OWNERS)
def restore_documents(request: ProjectRequest, project: Project) -> HttpResponse:
    chosen = _chosen(request, project)
    if chosen:
        back = acts.restore_documents(project=project, documents=chosen, owner=request.user)
        messages.success(request, f"Restored {_documents(back)}.")
    return redirect(_back(request, project))


@require_POST
@project_view(OWNERS)
def requeue_documents(request: ProjectRequest, project: Project) -> HttpResponse:
    """Hand what went to the owner back to the people who label."""
    chosen = _chosen(request, project)
    if chosen:
        handed = acts.requeue_documents(project=project, documents=chosen)
        messages.success(request, f"Back in the queue: {_documents(handed)}.")
    return redirect(_back(request, project))


def _chosen(request: ProjectRequest, project: Project) -> Sequence[int]:
    """The ticked documents, or all that the list's filters leave; says so where there are none."""
    if request.POST.get("all"):
        chosen = _all_matching(request, project)
    else:
        values = request.POST.getlist("document")[: MOST_AT_ONCE + 1]
        chosen = [int(v) for v in values if v.isdecimal() and len(v) <= MOST_DIGITS]
    if len(chosen) > MOST_AT_ONCE:
        messages.warning(
            request, f"{MOST_AT_ONCE:,} documents at once is the most. Narrow the list."
        )
        return []
    if not chosen:
        messages.warning(request, NONE_TICKED)
    return chosen


def _all_matching(request: ProjectRequest, project: Project) -> list[int]:
    try:
        values = dict(parse_qsl(request.POST.get("query", "")))
        filters = listing.read_filters(values, project)
    except BadFilter:
        return []
    return listing.all_of(project, filters, most=MOST_AT_ONCE + 1)


def _back(request: ProjectRequest, project: Project) -> str:
    """Where the act was begun: the list with its filters, or the document."""
    wanted = request.POST.get("back", "")
    here = request.get_host()
    safe = url_has_allowed_host_and_scheme(wanted, {here}, require_https=request.is_secure())
    inside = wanted.startswith(reverse("documents", args=[project.slug]))
    return wanted if safe and inside else reverse("documents", args=[project.slug])


def _documents(count: int) -> str:
    return f"{count:,} document{'' if count == 1 else 's'}"
