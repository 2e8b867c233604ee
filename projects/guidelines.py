"""Guidelines: Markdown in, safe HTML out, every version kept."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def rendered(text: str) -> SafeString:
    """Markdown as HTML that carries no script, style or handler."""
    html = nh3.clean(MARKDOWN.render(text), link_rel="noopener noreferrer nofollow")
    return mark_safe(html)
