"""Signing in and out, passwords, and one's own account."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects import login_throttle
from projects.access import SignedInRequest, public, signed_in
from projects.forms import AccountForm, ResetForm


@require_http_methods(["GET", "POST"])
@public("Nobody is signed in before signing in.")
def login(request: HttpRequest) -> HttpResponseBase:
    """The sign-in page; an address that keeps failing has to wait."""
    if request.method == "POST" and login_throttle.is_locked(request):
        return _locked(request)
    response = views.LoginView.as_view(redirect_authenticated_user=True)(request)
    if request.method == "POST":
        login_throttle.note(request, failed=response.status_code != HTTPStatus.FOUND)
    return response


def _locked(request: HttpRequest) -> HttpResponseBase:
    """The sign-in page without looking at the password, right or wrong."""
    request.method = "GET"
    page = views.LoginView.as_view(extra_context={"locked": True})(request)
    page.status_code = HTTPStatus.TOO_MANY_REQUESTS
    page["Retry-After"] = str(login_throttle.PAUSE_SECONDS)
    return page


@require_POST
@public("Signing out twice does no harm.")
def logout(request: HttpRequest) -> HttpResponseBase:
    return views.LogoutView.as_view()(request)


@require_http_methods(["GET", "POST"])
@signed_in
def password_change(request: SignedInRequest) -> HttpResponseBase:
    page = views.PasswordChangeView.as_view(success_url=reverse_lazy("account"))
    response = page(request)
    if response.status_code == HTTPStatus.FOUND:
        messages.success(request, "Your password is changed.")
    return response


@require_http_methods(["GET", "POST"])
@signed_in
def account(request: SignedInRequest) -> HttpResponse:
    """One's own name, mail address and time zone."""
    form = AccountForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("account")
    # The header shows the name as it is stored, not as it was refused.
    request.user.refresh_from_db()
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "registration/account.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@public("Whoever forgot the password cannot sign in.")
def password_reset(request: HttpRequest) -> HttpResponseBase:
    """Send a link to the address, if there is such an account; the answer never tells."""
    page = views.PasswordResetView.as_view(
        form_class=ResetForm,
        email_template_name="registration/password_reset_mail.txt",
        subject_template_name="registration/password_reset_subject.txt",
    )
    return page(request)


password_reset_done = require_GET(
    public("Part of password_reset.")(views.PasswordResetDoneView.as_view())
)
password_reset_confirm = require_http_methods(["GET", "POST"])(
    public("The link of the mail is the proof.")(views.PasswordResetConfirmView.as_view())
)
password_reset_complete = require_GET(
    public("Part of password_reset.")(views.PasswordResetCompleteView.as_view())
)
