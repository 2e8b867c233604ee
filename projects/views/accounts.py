"""Signing in and out, passwords, and one's own account."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_http_methods, require_POST

from projects import login_throttle
from projects.access import SignedInRequest, public, signed_in
from projects.forms import AccountForm


@public("Nobody is signed in before signing in.")
def login(request: HttpRequest) -> HttpResponseBase:
    """The sign-in page; an address that keeps failing has to wait."""
    if request.method == "POST" and login_throttle.is_locked(request):
        page = views.LoginView.as_view(extra_context={"locked": True})
        request.method = "GET"
        response = page(request)
        response.status_code = 429
        return response
    response = views.LoginView.as_view(redirect_authenticated_user=True)(request)
    if request.method == "POST":
        login_throttle.note(request, failed=response.status_code != HTTP_FOUND)
    return response


HTTP_FOUND = 302


@require_POST
@public("Signing out twice does no harm.")
def logout(request: HttpRequest) -> HttpResponseBase:
    return views.LogoutView.as_view()(request)


@signed_in
def password_change(request: SignedInRequest) -> HttpResponseBase:
    page = views.PasswordChangeView.as_view(success_url=reverse_lazy("account"))
    response = page(request)
    if response.status_code == HTTP_FOUND:
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
    return render(request, "registration/account.html", {"form": form})


password_reset = public("Whoever forgot the password cannot sign in.")(
    views.PasswordResetView.as_view(
        email_template_name="registration/password_reset_mail.txt",
        subject_template_name="registration/password_reset_subject.txt",
    )
)
password_reset_done = public("As password_reset.")(views.PasswordResetDoneView.as_view())
password_reset_confirm = public("The link of the mail is the proof.")(
    views.PasswordResetConfirmView.as_view()
)
password_reset_complete = public("As password_reset.")(views.PasswordResetCompleteView.as_view())
