from __future__ import annotations

from django.db import transaction

from projects.models import GuidelineVersion, Project, User


def write_guidelines(*, project: Project, text: str, author: User | None) -> GuidelineVersion:
    """Put a new version in force, unless the text is the one in force already."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        current = project.guideline
        if current is not None and current.text == text:
            return current
        number = current.number + 1 if current else 1
        return project.guideline_versions.create(number=number, text=text, created_by=author)
