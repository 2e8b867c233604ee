"""Why the offsets of a span do not fit its text: what other tools count instead of code points."""

from __future__ import annotations

from collections.abc import Callable, Iterator

UTF16, UTF8 = ("utf-16-le", 2), ("utf-8", 1)
"""An encoding and the bytes of its unit."""


def offset_hint(text: str, start: int, end: int, quote: str | None) -> str:
    """What the offsets seem to count, if that would make them fit; else ""."""
    if quote is None:
        return _hint_by_length(text, end)
    for fits, words in _readings(text, start, end):
        if fits() == quote:
            return f"{words} Here they are Unicode code points, the end exclusive."
    return ""


def _readings(text: str, start: int, end: int) -> Iterator[tuple[Callable[[], str | None], str]]:
    yield (
        lambda: _in_units(text, start, end, UTF16),
        "These offsets look like UTF-16 units, as JavaScript and Java count them.",
    )
    yield (
        lambda: _in_units(text, start, end, UTF8),
        "These offsets look like bytes of UTF-8.",
    )
    yield lambda: text[start : end + 1], "The end of these offsets looks inclusive."
    yield lambda: text[max(start - 1, 0) : end - 1], "These offsets look counted from 1."
    yield (
        lambda: text.replace("\r\n", "\n")[start:end],
        "These offsets look as if each CR LF were one character.",
    )
    yield (
        lambda: text.lstrip()[start:end],
        "These offsets look as if the text began without its leading white space.",
    )


def _in_units(text: str, start: int, end: int, unit: tuple[str, int]) -> str | None:
    """What stands there if the offsets count units of an encoding."""
    encoding, size = unit
    data = text.encode(encoding)
    try:
        return data[start * size : end * size].decode(encoding)
    except UnicodeDecodeError:
        return None


def _hint_by_length(text: str, end: int) -> str:
    """Without a quote only an end beyond the text tells something."""
    if len(text) < end <= len(text.encode("utf-16-le")) // 2:
        return "Perhaps these offsets count UTF-16 units; here they are Unicode code points."
    if len(text) < end <= len(text.encode()):
        return "Perhaps these offsets count bytes; here they are Unicode code points."
    return ""
