from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from projects.access import OWNERS, READERS, ProjectRequest, project_view
from projects.guidelines import changes, rendered
from projects.models import Project
from projects.write_guidelines import write_guidelines

LONGEST = 200_000


@require_GET
@project_view(READERS)
def guidelines(request: ProjectRequest, project: Project) -> HttpResponse:
    """The guidelines in force and the versions before them; `?version=` shows an older one.

    `?against=` shows what changed since another version.
    """
    versions = project.guideline_versions.select_related("created_by")
    shown = versions.first()
    if asked := request.GET.get("version", ""):
        shown = get_object_or_404(versions, number=_number(asked))
    against = None
    if other := request.GET.get("against", ""):
        against = get_object_or_404(versions, number=_number(other))
    context = {
        "project": project,
        "active": "settings",
        "section": "guidelines",
        "shown": shown,
        "html": rendered(shown.text) if shown else "",
        "versions": versions,
        "against": against,
        "changes": changes(against.text, shown.text) if against and shown else [],
        "is_owner": request.membership.role in OWNERS,
    }
    return render(request, "projects/guidelines.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0  # noqa: PLR2004


@require_http_methods(["GET", "POST"])
@project_view(OWNERS)
def edit_guidelines(request: ProjectRequest, project: Project) -> HttpResponse:
    """Write the next version, with a look at it first."""
    current = project.guideline
    text = request.POST.get("text", current.text if current else "").replace("\r\n", "\n")
    error = ""
    if request.method == "POST" and len(text) > LONGEST:
        error = f"At most {LONGEST:,} characters."
    elif request.method == "POST" and "\0" in text:
        error = "The text holds the character U+0000, which cannot be stored."
    elif request.method == "POST" and "preview" not in request.POST:
        version = write_guidelines(project=project, text=text, author=request.user)
        messages.success(request, f"Version {version.number} is in force.")
        return redirect("guidelines", project.slug)
    context = {
        "project": project,
        "active": "settings",
        "section": "guidelines",
        "text": text,
        "html": rendered(text),
        "error": error,
    }
    return render(request, "projects/edit_guidelines.html", context, status=422 if error else 200)
