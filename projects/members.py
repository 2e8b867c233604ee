"""Changing who belongs to a project. Answers stay whatever happens to people."""

from __future__ import annotations

from django.db import transaction

from projects.models import Membership, Project, Role


class LastOwner(Exception):
    """A project must keep one owner."""


def change_role(*, membership: Membership, role: Role) -> None:
    """Raises LastOwner when nobody would be left to run the project."""
    with transaction.atomic():
        if role != Role.OWNER:
            _keep_an_owner(membership)
        Membership.objects.filter(pk=membership.pk).update(role=role)


def remove_member(*, membership: Membership) -> None:
    """End a membership; the person's answers are kept. Raises LastOwner.

    Pages refuse the person at once, an open labelling page within its next ping, and what they
    hold returns to the queue when its lease ends.
    """
    with transaction.atomic():
        _keep_an_owner(membership)
        membership.delete()


def _keep_an_owner(membership: Membership) -> None:
    project = Project.objects.select_for_update(no_key=True).get(pk=membership.project_id)
    others = project.memberships.filter(role=Role.OWNER).exclude(pk=membership.pk)
    if not others.exists() and membership.role == Role.OWNER:
        raise LastOwner("A project needs an owner. Make somebody else an owner first.")
