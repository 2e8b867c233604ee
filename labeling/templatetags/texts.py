from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from labeling.drawing import exact_part

register = template.Library()


@register.filter
def exact(text: str) -> SafeString:
    """The text as HTML whose `textContent` is the stored text, to the character."""
    return exact_part(text, 0, len(text))
