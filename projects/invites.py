"""Invite links: made once, shown once, kept only as a hash."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from projects.models import Invite, Membership, User


def issue(*, invite: Invite, days: int) -> str:
    """Save a new invite and return its token, which cannot be had again."""
    token = secrets.token_urlsafe(24)
    invite.token_sha256 = sha256(token)
    invite.expires_at = timezone.now() + timedelta(days=days)
    invite.save()
    return token


def open_invite(token: str) -> Invite | None:
    """The invite behind a token, unless it is used up, over or revoked.

    Tokens are looked up by their hash, so the time it takes tells nothing about a near miss.
    """
    open_ones = Invite.objects.open().select_related("project")
    return open_ones.filter(token_sha256=sha256(token)).first()


def accept(*, invite: Invite, user: User) -> bool:
    """Make the person a member and use the invite once; False if it was used up meanwhile.

    Somebody who is a member already stays what they are, and no use is spent.
    """
    with transaction.atomic():
        # Holds a second click of the same person back until the first is through.
        Invite.objects.select_for_update().get(pk=invite.pk)
        if Membership.objects.filter(project=invite.project, user=user).exists():
            return True
        mine = Invite.objects.filter(pk__in=Invite.objects.open().filter(pk=invite.pk).values("pk"))
        if not mine.update(uses_left=F("uses_left") - 1):
            return False
        Membership.objects.create(project=invite.project, user=user, role=invite.role)
    return True


def revoke(*, invite: Invite) -> None:
    Invite.objects.filter(pk=invite.pk, revoked_at=None).update(revoked_at=timezone.now())


def sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
