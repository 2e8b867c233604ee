from __future__ import annotations

from typing import Any

from django import template

from inference import legibility
from projects.models import Project

register = template.Library()


@register.inclusion_tag("inference/legibility.html")
def legibility_notice(project: Project) -> dict[str, Any]:
    """What there is to say about an encoder that cannot read a project's texts; mostly nothing."""
    return {"legibility": legibility.of(project)}
