"""Django's admin as this product has it: for superusers, and behind our own sign-in."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse


class Site(AdminSite):
    site_header = site_title = "Annotate"
    index_title = "Everything that is stored"
    empty_value_display = "–"  # noqa: RUF001 - a dash, as everywhere on our pages

    def has_permission(self, request: HttpRequest) -> bool:
        """Rights come from memberships; the admin stands outside them, so staff are not enough."""
        return request.user.is_active and request.user.is_superuser

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The one sign-in page there is: it slows guessing down, Django's own here would not."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied("Only superusers may open the admin.")
        return redirect_to_login(request.GET.get("next", reverse("admin:index")))

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The way out is on the account menu of every page."""
        return redirect("account")

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        return redirect("password_change")
