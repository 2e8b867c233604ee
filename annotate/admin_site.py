"""Django's admin as this product has it: for superusers, and behind our own sign-in."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

ROOMS = {
    "projects": "People and projects",
    "labeling": "Answers",
    "corpus": "Files and versions",
    "inference": "Models",
    "admin": "This admin",
    "django_tasks_database": "Background work",
}
"""In the order of the front page."""
PLURALS = {"StagedAnswers": "Staged answers", "DBTaskResult": "Dispatches of jobs"}


class Site(AdminSite):
    site_header = site_title = "Annotate"
    index_title = "Everything that is stored"
    empty_value_display = "–"  # noqa: RUF001 - a dash, as everywhere on our pages

    def has_permission(self, request: HttpRequest) -> bool:
        """Rights come from memberships; the admin stands outside them, so staff are not enough."""
        return request.user.is_active and request.user.is_superuser

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        rooms = super().get_app_list(request, app_label)
        for room in rooms:
            room["name"] = ROOMS.get(room["app_label"], room["name"])
            for model in room["models"]:
                model["name"] = PLURALS.get(model["object_name"], model["name"])
        known = [room for label in ROOMS for room in rooms if room["app_label"] == label]
        return [*known, *(room for room in rooms if room["app_label"] not in ROOMS)]

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The one sign-in page there is: it slows guessing down, Django's own here would not."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied("Only superusers may open the admin.")
        return redirect_to_login(request.GET.get("next", reverse("admin:index")))

    def logout(  # type: ignore[override]  # it redirects
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The way out is on the account menu of every page."""
        return redirect("account")

    def password_change(  # type: ignore[override]  # it redirects
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("password_change")
