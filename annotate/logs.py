"""Log lines: a constant text that names the event, and fields that say what is particular."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")

# What every record has; the rest came with `extra={...}` and is a field of ours.
STANDARD = frozenset(
    {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "request", "server_time"}
)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    fields = {name: value for name, value in vars(record).items() if name not in STANDARD}
    # Django writes its own lines about a request after the middleware has gone.
    request = getattr(record, "request", None)
    if request_id := current_request_id.get() or getattr(request, "request_id", ""):
        fields["request_id"] = request_id
    return fields


def has_failed(record: logging.LogRecord) -> bool:
    """Whether this is trouble of ours. Django also adds a traceback to each 403 it hands out."""
    return record.levelno >= logging.ERROR


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **fields_of(record),
        }
        if has_failed(record) and record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """The same for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        line = f"{at} {record.levelname.lower():7} {record.getMessage()} {fields}".rstrip()
        if has_failed(record) and record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line
