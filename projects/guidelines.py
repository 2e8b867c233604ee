"""Guidelines: Markdown in, safe HTML out, every version kept."""

from __future__ import annotations

import difflib

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def rendered(text: str) -> SafeString:
    """Markdown as HTML that carries no script, style or handler."""
    html = nh3.clean(MARKDOWN.render(text), link_rel="noopener noreferrer nofollow")
    return mark_safe(html)


AROUND = 2


def changes(before: str, after: str) -> list[tuple[str, str]]:
    """What differs, line by line: "gone", "new", "same" or "gap", each with its line."""
    kinds = {"-": "gone", "+": "new", " ": "same", "@": "gap"}
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=AROUND)
    return [
        (kinds[line[0]], "" if line[0] == "@" else line[1:])
        for number, line in enumerate(lines)
        if number >= 2  # noqa: PLR2004 - two lines that name the files
    ]
