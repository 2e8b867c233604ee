"""Who is connected. Leases live as long as their person has a socket, plus a short grace."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from django.utils import timezone

from labeling.models import Presence, Slot
from labeling.models.slot import SlotQuerySet
from labeling.queue import GRACE
from projects.access import LABELLERS
from projects.models import Document, Membership, Project, User

logger = logging.getLogger(__name__)

CONNECTED_LEASE = timedelta(seconds=150)
"""Browsers let a hidden tab speak once a minute; two missed pings must not cost the lease."""


def person_group(project_id: int, user_id: int) -> str:
    return f"project.{project_id}.person.{user_id}"


def project_group(project_id: int) -> str:
    """Every socket of a project, whoever's."""
    return f"project.{project_id}"


def joined(*, project_id: int, user_id: int, channel: str) -> None:
    """A socket opened."""
    Presence.objects.update_or_create(
        channel=channel,
        defaults={"project_id": project_id, "user_id": user_id, "seen_at": timezone.now()},
    )
    _extend(project_id, user_id)


def renew(*, project_id: int, user_id: int, channel: str) -> bool:
    """A socket is still there: extend the lease. False when the person is no longer allowed."""
    allowed = Membership.objects.filter(
        project=project_id,
        project__deleting_at=None,
        user=user_id,
        user__is_active=True,
        role__in=LABELLERS,
    )
    if not allowed.exists():
        return False
    Presence.objects.filter(channel=channel).update(seen_at=timezone.now())
    _extend(project_id, user_id)
    return True


def left(*, project_id: int, user_id: int, channel: str) -> None:
    """A socket closed. After the person's last one the lease has a short grace left."""
    Presence.objects.filter(channel=channel).delete()
    now = timezone.now()
    Presence.objects.filter(project=project_id, seen_at__lt=now - CONNECTED_LEASE).delete()
    if not Presence.objects.filter(project=project_id, user=user_id).exists():
        _leases(project_id, user_id).filter(leased_until__gt=now + GRACE).update(
            leased_until=now + GRACE
        )


def announce_answered(document: Document, annotator: User, client_id: UUID) -> None:
    """Tell the person's other tabs, once the answer is safe, that this document is answered."""
    group = person_group(document.project_id, annotator.pk)
    message = {"type": "answered", "document": document.pk, "client_id": str(client_id)}
    transaction.on_commit(lambda: _send(group, message))


def tell_everybody(project_id: int, message: dict[str, Any]) -> None:
    """Send a message to every socket of a project, those of other processes too."""
    _send(project_group(project_id), message)


def announce_gone(project: Project) -> None:
    """Have every socket of a project that is deleted close, once that is certain."""
    channels = list(Presence.objects.filter(project=project).values_list("channel", flat=True))
    transaction.on_commit(lambda: _tell_each(channels, {"type": "project.gone"}))


def _tell_each(channels: list[str], message: dict[str, Any]) -> None:
    """One that does not hear it closes at its next ping."""
    layer = get_channel_layer()
    for channel in channels if layer else ():
        try:
            async_to_sync(layer.send)(channel, message)
        except Exception:
            logger.exception("channel_layer_unavailable", extra={"channel": channel})


def _send(group: str, message: dict[str, Any]) -> None:
    """A broken channel layer costs a notice, never an answer."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(group, message)
    except Exception:
        logger.exception("channel_layer_unavailable", extra={"group": group})


def _extend(project_id: int, user_id: int) -> None:
    _leases(project_id, user_id).update(leased_until=timezone.now() + CONNECTED_LEASE)


def _leases(project_id: int, user_id: int) -> SlotQuerySet:
    return Slot.objects.leased().filter(project=project_id, annotator=user_id)
