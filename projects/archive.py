"""A project put away and brought back. Nothing of it is lost, and nobody is given its documents."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from projects.models import Project

Follower = Callable[[Project], None]
followers: list[Follower] = []


def when_archived(follower: Follower) -> Follower:
    """Call this with each project that is archived, in the transaction that archives it.

    So rooms to the right let go of what they hold for people at work.
    """
    followers.append(follower)
    return follower


def archive(*, project: Project) -> bool:
    """Give nobody its documents any more; False if it is archived already."""
    with transaction.atomic():
        open_one = Project.objects.active().filter(pk=project.pk)
        archived = open_one.update(archived_at=timezone.now())
        if archived:
            project.refresh_from_db(fields=["archived_at"])
            for follower in followers:
                follower(project)
    return bool(archived)


def bring_back(*, project: Project) -> bool:
    """Open an archived project again; False if it is open."""
    back = Project.objects.archived().filter(pk=project.pk)
    brought = back.update(archived_at=None)
    project.refresh_from_db(fields=["archived_at"])
    return bool(brought)
