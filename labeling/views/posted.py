"""Reading what the labelling page posts. Anything malformed is a bad request."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import QueryDict

from labeling.submit import Submission

DAY_MS = 24 * 60 * 60 * 1000
MOST_DIGITS = 15
NOTE_LIMIT = 1000
MOST_PAINTED = 100


def posted_submission(post: QueryDict) -> Submission:
    return Submission(
        client_id=posted_uuid(post, "client_id"),
        replaces=posted_int(post, "replaces") if post.get("replaces") else None,
        active_ms=min(posted_int(post, "active_ms"), DAY_MS),
        painted=_painted(post.get("painted", "")),
    )


def posted_uuid(post: QueryDict, name: str) -> UUID:
    try:
        return UUID(post.get(name, ""))
    except ValueError:
        raise BadRequest(f"{name} must be a UUID.") from None


def posted_int(post: QueryDict, name: str) -> int:
    """A whole number of zero or more; zero when it is missing."""
    value = post.get(name) or "0"
    if not value.isascii() or not value.isdecimal() or len(value) > MOST_DIGITS:
        raise BadRequest(f"{name} must be a whole number.")
    return int(value)


def posted_note(post: QueryDict, name: str = "note") -> str:
    """Words in the person's own hand, cut where they get long. PostgreSQL holds no U+0000."""
    note = post.get(name, "")
    if "\0" in note:
        raise BadRequest("A note cannot hold U+0000.")
    return note[:NOTE_LIMIT]


def _painted(value: str) -> tuple[UUID, ...]:
    try:
        return tuple(UUID(part) for part in value.split(",") if part)[:MOST_PAINTED]
    except ValueError:
        raise BadRequest("painted must hold UUIDs.") from None
