"""Joining a project by an invite link."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from django.contrib import messages
from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from projects import invites
from projects.access import public
from projects.forms import SignUpForm
from projects.models import Invite, User


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters()
@public("The link is the proof; newcomers make their account here.")
def invite(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever has signed in joins; anybody else makes an account, and joins with it."""
    found = invites.open_invite(token)
    if found is None:
        return render(request, "projects/invite_over.html", status=404)
    if request.user.is_authenticated:
        return _join(request, found)
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _sign_up(request, found, form)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = {"invite": found, "form": form}
    return render(request, "projects/invite.html", context, status=status)


def _join(request: HttpRequest, found: Invite) -> HttpResponse:
    if request.method == "GET":
        return render(request, "projects/invite.html", {"invite": found})
    if not invites.accept(invite=found, user=cast("User", request.user)):
        return render(request, "projects/invite_over.html", status=404)
    messages.success(request, f"Welcome to {found.project.name}.")
    return redirect(found.project)


def _sign_up(request: HttpRequest, found: Invite, form: SignUpForm) -> HttpResponse:
    with transaction.atomic():
        user = form.save()
        if not invites.accept(invite=found, user=user):
            transaction.set_rollback(True)
            return render(request, "projects/invite_over.html", status=404)
    login(request, user)
    messages.success(request, f"Welcome to {found.project.name}.")
    return redirect(found.project)
