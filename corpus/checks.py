"""What UTF-8 and the databases cannot hold, found before it is stored."""

from __future__ import annotations

import json
import math
from typing import Any

MOST_LEVELS = 32
SHOWN = 60


class Wrong(Exception):
    """One thing about one value: what, and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


def unstorable(text: str) -> str:
    """Why this text cannot be stored, "" if it can."""
    for position, char in enumerate(text) if not _is_plain(text) else ():
        if char == "\0":
            return f"holds U+0000 (a NUL character) at character {position + 1}."
        if "\ud800" <= char <= "\udfff":
            half = f"half of a surrogate pair (U+{ord(char):04X})"
            return f"holds {half} at character {position + 1}."
    return ""


def unstorable_value(value: Any, levels: int = MOST_LEVELS) -> str:
    """Why this JSON value cannot be stored, "" if it can."""
    if levels == 0:
        return f"is nested more than {MOST_LEVELS} levels deep."
    match value:
        case str():
            return unstorable(value)
        case float() if not math.isfinite(value):
            return "holds a number that is not finite."
        case list():
            inner = value
        case dict():
            inner = [*value, *value.values()]
        case _:
            return ""
    return next((why for item in inner if (why := unstorable_value(item, levels - 1))), "")


def shown(value: object) -> str:
    """A value inside a message: short, in quotes, and always storable itself."""
    text = storable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return f"“{text[:SHOWN]}…”" if len(text) > SHOWN else f"“{text}”"


def storable(text: str) -> str:
    """The text with everything that cannot be stored written as an escape."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _is_plain(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
