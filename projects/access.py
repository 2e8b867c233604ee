"""Who may do what. Strangers get 404, members without the role 403."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import quote, urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from projects.models import Membership, Project, Role, User

OWNERS = frozenset({Role.OWNER})
EXPORTERS = frozenset({Role.OWNER, Role.REVIEWER})
LABELLERS = frozenset({Role.OWNER, Role.REVIEWER, Role.ANNOTATOR})
READERS = frozenset(Role)

ARCHIVED = "This project is archived. Bring it back in its settings to change it."

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    htmx: HtmxDetails
    user: User


class ProjectRequest(SignedInRequest):
    membership: Membership


View = Callable[..., HttpResponseBase]


def project_view(
    roles: frozenset[Role], *, even_archived: bool = False
) -> Callable[[Callable[Concatenate[ProjectRequest, Project, P], HttpResponseBase]], View]:
    """Serve a project page to members with one of these roles.

    The view is called with the project in place of its slug; `request.membership` is set.
    What only owners may do is refused in an archived project, unless `even_archived`: an
    answer that comes late is kept there too, and its data can be taken out.
    """

    def decorate(
        view: Callable[Concatenate[ProjectRequest, Project, P], HttpResponseBase],
    ) -> View:
        @wraps(view)
        def guarded(
            request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return sign_in_first(request)
            membership = membership_or_404(request.user, slug)
            if membership.role not in roles:
                raise PermissionDenied(
                    f"Your role here is {membership.role}, and this page needs another."
                )
            changes = request.method == "POST" and roles == OWNERS and not even_archived
            if membership.project.archived_at and changes:
                raise PermissionDenied(ARCHIVED)
            project_request = cast("ProjectRequest", request)
            project_request.membership = membership
            return view(project_request, membership.project, *args, **kwargs)

        return _marked(guarded, "project: " + ", ".join(sorted(roles)))

    return decorate


def signed_in(view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase]) -> View:
    """Serve a page to anybody who has signed in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return sign_in_first(request)
        return view(cast("SignedInRequest", request), *args, **kwargs)

    return _marked(guarded, "signed in")


def public(reason: str) -> Callable[[View], View]:
    """Serve a page to everybody, for a written reason."""

    def decorate(view: View) -> View:
        @wraps(view)
        def open_to_all(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return view(request, *args, **kwargs)

        return _marked(open_to_all, f"public: {reason}")

    return decorate


def membership_or_404(user: User, slug: str) -> Membership:
    """The user's membership in the project, with both loaded; Http404 for strangers."""
    try:
        return Membership.objects.select_related("project", "user").get(
            user=user, project__slug=slug, project__deleting_at=None
        )
    except Membership.DoesNotExist:
        raise Http404("No such project, or you are not a member of it.") from None


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """Send a signed-out person to the sign-in page and back afterwards.

    HTMX gets a whole-page redirect, so that no sign-in form lands inside a fragment.
    """
    htmx = cast("SignedInRequest", request).htmx
    if not htmx:
        if request.method in {"GET", "HEAD"}:
            return redirect_to_login(request.get_full_path())
        return redirect_to_login(_page_of(request.headers.get("Referer")))
    back_to = _page_of(htmx.current_url)
    return HttpResponseClientRedirect(f"{reverse('login')}?next={quote(back_to)}")


def _page_of(url: str | None) -> str:
    """The path of a page of ours, "/" when there is none to go back to."""
    return urlsplit(url).path if url else "/"


def _marked(view: View, rule: str) -> View:
    view.access = rule  # type: ignore[attr-defined]
    return view
