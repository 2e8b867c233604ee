"""Who may open a labelling socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404

from labeling import presence
from labeling.models import Annotation
from projects.access import LABELLERS, membership_or_404
from projects.models import Project

SIGNED_OUT, NOT_ALLOWED, NOT_FOUND = 4401, 4403, 4404


class Refused(Exception):
    """No socket for this person; `code` is the close code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Refused with {code}.")
        self.code = code


@dataclass(frozen=True, slots=True)
class Admitted:
    """A person who may label in a project, as one socket knows them."""

    project: Project
    user_id: int
    answers: int

    @property
    def groups(self) -> tuple[str, str]:
        """Whose messages the socket gets: those for this person, and those for everybody."""
        mine = presence.person_group(self.project.pk, self.user_id)
        return mine, presence.project_group(self.project.pk)

    def as_present(self, channel: str) -> dict[str, Any]:
        return {"project_id": self.project.pk, "user_id": self.user_id, "channel": channel}


def admit(scope: dict[str, Any], channel: str) -> Admitted:
    """Let a labeller of the project in and note their presence. Raises Refused."""
    user = scope["user"]
    if not user.is_authenticated:
        raise Refused(SIGNED_OUT)
    try:
        membership = membership_or_404(user, scope["url_route"]["kwargs"]["slug"])
    except Http404:
        raise Refused(NOT_FOUND) from None
    if membership.role not in LABELLERS or not user.is_active:
        raise Refused(NOT_ALLOWED)
    project = membership.project
    answers = Annotation.objects.in_project(project).counted().count()
    me = Admitted(project, user.pk, answers)
    presence.joined(**me.as_present(channel))
    return me
