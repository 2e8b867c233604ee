"""Members of a project and the links that make new ones."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from projects import invites
from projects.access import OWNERS, ProjectRequest, project_view
from projects.forms import InviteForm, RoleForm
from projects.members import LastOwner, change_role, remove_member
from projects.models import Project, Role
from projects.progress import answers_by, answers_of_others, with_answers


@require_GET
@project_view(OWNERS)
def people(request: ProjectRequest, project: Project) -> HttpResponse:
    return _page(request, project)


@require_POST
@project_view(OWNERS)
def set_role(request: ProjectRequest, project: Project, membership_id: int) -> HttpResponse:
    membership = get_object_or_404(project.memberships.select_related("user"), pk=membership_id)
    form = RoleForm(request.POST, instance=membership)
    if not form.is_valid():
        messages.error(request, "Not saved: that is not a role.")
        return redirect("people", project.slug)
    role = Role(form.cleaned_data["role"])
    membership.refresh_from_db(fields=["role"])
    try:
        change_role(membership=membership, role=role)
    except LastOwner as last:
        messages.error(request, str(last))
    else:
        messages.success(request, f"{membership.user.shown_name} is now {role.label.lower()}.")
    return redirect("people", project.slug)


@require_POST
@project_view(OWNERS, even_archived=True)
def remove(request: ProjectRequest, project: Project, membership_id: int) -> HttpResponse:
    membership = get_object_or_404(project.memberships.select_related("user"), pk=membership_id)
    try:
        remove_member(membership=membership)
    except LastOwner as last:
        messages.error(request, str(last))
        return redirect("people", project.slug)
    answers = answers_by(project, membership.user)
    kept = "1 answer" if answers == 1 else f"{answers:,} answers"
    messages.success(request, f"{membership.user.shown_name} was removed; {kept} kept.")
    if membership.user == request.user:
        return redirect("home")
    return redirect("people", project.slug)


@require_POST
@never_cache
@project_view(OWNERS)
def invite(request: ProjectRequest, project: Project) -> HttpResponse:
    """Make an invite link and show it, this once: a redirect would have to store it somewhere."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, project, form=form)
    form.instance.project, form.instance.created_by = project, request.user
    token = invites.issue(invite=form.instance, days=form.cleaned_data["days"])
    link = request.build_absolute_uri(reverse("invite", args=[token]))
    return _page(request, project, link=link)


@require_POST
@project_view(OWNERS)
def revoke(request: ProjectRequest, project: Project, invite_id: int) -> HttpResponse:
    invites.revoke(invite=get_object_or_404(project.invites, pk=invite_id))
    messages.success(request, "The link no longer works.")
    return redirect("people", project.slug)


def _page(
    request: ProjectRequest, project: Project, form: InviteForm | None = None, link: str = ""
) -> HttpResponse:
    context = {
        "project": project,
        "active": "people",
        "members": with_answers(project),
        "others": answers_of_others(project),
        "roles": Role.choices,
        "invites": project.invites.open().select_related("created_by"),
        "form": form or InviteForm(initial={"role": Role.ANNOTATOR}),
        "link": link,
    }
    return render(request, "projects/people.html", context, status=422 if form else 200)
