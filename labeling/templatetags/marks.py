from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.safestring import SafeString

from labeling.drawing import Mark, drawn

register = template.Library()


@register.simple_tag
def marked(text: str, spans: Iterable[Mark]) -> SafeString:
    """The text as stored, with these spans drawn (see `labeling.drawing.Mark`)."""
    return drawn(text, spans)
