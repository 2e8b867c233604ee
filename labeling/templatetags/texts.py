from __future__ import annotations

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

LONE_CR = re.compile(r"\r(?!\n)")


@register.filter
def exact(text: str) -> SafeString:
    """Text as HTML whose `textContent` is the stored text, to the character.

    A browser's parser would turn CR into LF, so CR goes as a character reference. One that
    stands alone is a line break to its author but not to CSS: the `<br>` adds no character.
    """
    marked = LONE_CR.sub("\r<br>", escape(text))
    return mark_safe(marked.replace("\r", "&#13;"))
