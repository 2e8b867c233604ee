"""A question to a remote model: tried again where that helps, its answer read as JSON."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from inference.remote.addresses import Place
from inference.remote.client import Reply, send
from inference.remote.problems import CallFailed, Misplaced, NotTaken, Unusable

TRIES = 3
PAUSE = 1.0
"""Seconds before the second try; twice that before the third, and by chance up to half less."""
LONGEST_WAIT = 60.0
"""Seconds that an endpoint may ask us to wait."""
QUOTED = 160
"""Characters of an endpoint's own words inside a message."""

TRY_AGAIN = frozenset({408, 409, 425, 429})
NOT_THIS = frozenset({400, 413, 415, 422})
"""Another request may be taken."""


@dataclass
class Spent:
    """What the questions about one document took."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def add(self, other: Spent) -> None:
        self.calls += other.calls
        self.tokens_in += other.tokens_in
        self.tokens_out += other.tokens_out


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`headers` carry the key; `hidden`: what no message may quote."""

    place: Place
    timeout: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    hidden: tuple[str, ...] = field(default=(), repr=False)

    def ask(self, path: str, payload: Any, spent: Spent) -> Any:
        """What it answers, as JSON gives it; `payload` None: GET.

        Raises NotTaken, CallFailed and Unusable.
        """
        place = self.place._replace(path=self.place.path + path)
        body = None if payload is None else json.dumps(payload).encode()
        for attempt in range(TRIES):
            spent.calls += 1
            try:
                reply = send(place, headers=self.headers, body=body, timeout=self.timeout)
                return self._read(reply)
            except Misplaced as why:
                raise Unusable(str(why)) from why
            except CallFailed as why:
                if not why.again or attempt == TRIES - 1:
                    raise
                time.sleep(_pause(attempt) if why.wait is None else why.wait)
        raise AssertionError("unreachable")

    def _read(self, reply: Reply) -> Any:
        if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            return read_json(reply.body)
        said = f"{self.place.host} answered {reply.status}{self._quoted(reply.body)}"
        if reply.status in NOT_THIS:
            raise NotTaken(said)
        if reply.status < HTTPStatus.BAD_REQUEST:
            raise Unusable(f"{said} It leads elsewhere; give the address it leads to.")
        if reply.status not in TRY_AGAIN and reply.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unusable(said)
        wait = _asked_to_wait(reply.headers.get("retry-after", ""))
        if wait is not None and wait > LONGEST_WAIT:
            raise CallFailed(f"{said} It asks us to wait for {wait:.0f} seconds.")
        raise CallFailed(said, again=True, wait=wait)

    def _quoted(self, body: bytes) -> str:
        """A few words of what it said, on one line and without the key."""
        text = _message_in(body) or body[: 20 * QUOTED].decode(errors="replace")
        for secret in self.hidden:
            text = text.replace(secret, "…")
        line = on_one_line(text)
        if not line:
            return "."
        return f": “{line[:QUOTED]}…”." if len(line) > QUOTED else f": “{line}”."


def read_json(text: str | bytes) -> Any:
    """Raises CallFailed."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise CallFailed("What came back is no JSON.") from None


def on_one_line(text: str) -> str:
    """Without what cannot be printed, or stored: control characters, lone surrogates."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _message_in(body: bytes) -> str:
    """What most endpoints put their reason into; "" where there is none."""
    try:
        said = read_json(body)
    except CallFailed:
        return ""
    match said:
        case {"error": {"message": str(message)}} | {"error": str(message)}:
            return message
        case {"message": str(message)} | {"detail": str(message)}:
            return message
        case _:
            return ""


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number.")


def _pause(attempt: int) -> float:
    longest: float = PAUSE * 2**attempt
    return longest * random.uniform(0.5, 1)  # noqa: S311 - so that not all come at once


def _asked_to_wait(value: str) -> float | None:
    """Seconds, of a Retry-After header as a number or as a date; None: it says nothing of use."""
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds: float = (moment - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0)
