"""The frames of the socket, as docs/protocol.md describes them. Nothing in here waits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

PROTOCOL = 1
LARGEST = 4096
LARGEST_ID = 2**63 - 1


class BadFrame(Exception):
    """A frame that means nothing to us; `code` is for machines, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Open:
    document: int


@dataclass(frozen=True, slots=True)
class Ping:
    pass


def read(text: str | None) -> Open | Ping:
    """What a client says. Raises BadFrame."""
    if text is None:
        raise BadFrame("not_text", "Frames are JSON text, not bytes.")
    if len(text) > LARGEST:
        raise BadFrame("too_large", f"A frame holds at most {LARGEST} characters.")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame("not_json", "That is not JSON.") from None
    match frame:
        case {"type": "open", "document": int(document)} if (
            not isinstance(document, bool) and 0 < document <= LARGEST_ID
        ):
            return Open(document)
        case {"type": "open"}:
            raise BadFrame("bad_document", "`document` must be a document's id.")
        case {"type": "ping"}:
            return Ping()
        case _:
            raise BadFrame("unknown_type", "`type` must be one of: open, ping.")


def write(frame: dict[str, Any]) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def hello(engine: str, answers: int) -> dict[str, Any]:
    return {"type": "hello", "protocol": PROTOCOL, "engine": engine, "answers": answers}


def error(problem: BadFrame) -> dict[str, Any]:
    return {"type": "error", "code": problem.code, "message": str(problem)}


def learned(question: int, model: dict[str, str]) -> dict[str, Any]:
    """A newer version of the model serves a question from now on."""
    return {"type": "learned", "question": question, "model": model}


def unavailable(document: int, reason: str) -> dict[str, Any]:
    return {"type": "unavailable", "document": document, "reason": reason}


def not_now(engine: str, document: int, reason: str) -> dict[str, Any]:
    """Why there is no suggestion; while the engine warms up, the document simply waits for it."""
    if engine == "warming":
        return {"type": "engine", "state": engine}
    return unavailable(document, reason)
