from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from projects.access import OWNERS, ProjectRequest, project_view
from projects.config import config_of
from projects.forms import ProjectForm
from projects.models import Project


@require_http_methods(["GET", "POST"])
@project_view(OWNERS)
def settings(request: ProjectRequest, project: Project) -> HttpResponse:
    """The name, and what can be done with the project as a whole."""
    form = ProjectForm(request.POST or None, instance=project)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("settings", project.slug)
    project.refresh_from_db()
    context = {"project": project, "active": "settings", "section": "project", "form": form}
    return render(request, "projects/settings.html", context, status=422 if form.errors else 200)


@require_GET
@project_view(OWNERS)
def project_config(request: ProjectRequest, project: Project) -> HttpResponse:
    """The project's set-up as the JSON that `create_project` reads."""
    text = json.dumps(config_of(project), ensure_ascii=False, indent=2) + "\n"
    response = HttpResponse(text, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{project.slug}.json"'
    return response
