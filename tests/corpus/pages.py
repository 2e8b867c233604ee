"""What the tests of pages share."""

import html

from django.urls import reverse


def url(name, project, *args):
    return reverse(name, args=[project.slug, *args])


def text_of(response):
    """The page's source with entities resolved and white space made one."""
    return " ".join(html.unescape(response.content.decode()).split())
