"""Comment lines of CoNLL files, `# key = value`: what tokens and tags have no words for.

A value is text as it stands, or JSON where text would be taken for something else. So whatever is
written comes back, and what other tools wrote is read as it looks.
"""

from __future__ import annotations

import re
from typing import Any

from corpus.cells import dumps, loads

PAIR = re.compile(r"#\s*([^=\s][^=]*?)\s*= ?(.*)", re.DOTALL)


def pair_in(line: str) -> tuple[str, str] | None:
    """The key and the value of a comment line, if it has both."""
    found = PAIR.fullmatch(line)
    return (found[1], found[2]) if found else None


def line_of(key: str, value: str) -> str:
    return f"# {key} = {value}\n"


def write_text(text: str) -> str:
    """A text as a value."""
    return dumps(text) if _needs_quotes(text) else text


def read_text(value: str) -> str:
    """The inverse of `write_text`."""
    text = _quoted(value)
    return value if text is None or not _needs_quotes(text) else text


def write_value(value: Any) -> str:
    """Any JSON value as the value of a comment."""
    return value if isinstance(value, str) and not _is_more(value) else dumps(value)


def read_value(value: str) -> Any:
    """The inverse of `write_value`: JSON where it would have been written so, else text."""
    text = _quoted(value)
    if text is not None:
        return text if _is_more(text) else value
    return _plain(value)


def _needs_quotes(text: str) -> bool:
    return not text or text != text.strip() or text.startswith('"') or bool({*"\r\n"} & {*text})


def _is_more(text: str) -> bool:
    """Whether this text, as it stands, would be read as something else."""
    return _needs_quotes(text) or _plain(text) != text


def _quoted(value: str) -> str | None:
    try:
        text = loads(value) if value.startswith('"') else None
    except ValueError:
        return None
    return text if isinstance(text, str) else None


def _plain(value: str) -> Any:
    """007, 1e5 and 1.50 stay the text that they are; so does whatever is not JSON."""
    try:
        found = loads(value)
    except ValueError:
        return value
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    if isinstance(found, str) or (is_number and dumps(found) != value):
        return value
    return found
