from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from projects.access import SignedInRequest, signed_in
from projects.config import BadConfig
from projects.create_project import create_project
from projects.new_project_form import COPY, FILE, NewProjectForm
from projects.starting import STARTERS


@require_http_methods(["GET", "POST"])
@signed_in
def new_project(request: SignedInRequest) -> HttpResponse:
    """Anybody who signed in may make a project, and owns it. `?copy=` names one to copy."""
    copied = request.GET.get("copy")
    initial = {"start": COPY, "source": copied, "with_people": True} if copied else {}
    posted = request.method == "POST"
    form = NewProjectForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        user=request.user,
        initial=initial,
    )
    if posted and form.is_valid():
        try:
            project = create_project(
                slug=form.cleaned_data["slug"], config=form.config, author=request.user
            )
        except BadConfig as bad:
            form.problems = bad.problems
            form.add_error(
                FILE if form.cleaned_data["start"] == FILE else None, "Nothing was created."
            )
        else:
            messages.success(request, f"“{project.name}” is there. These steps are left.")
            return redirect(project)
    context = {"form": form, "starters": STARTERS, "chosen": form["start"].value()}
    return render(request, "projects/new.html", context, status=422 if form.errors else 200)
