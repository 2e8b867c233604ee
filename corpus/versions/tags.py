"""Names that point at versions, and where they pointed before."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import transaction

from corpus.models import DatasetTag, DatasetTagMove, DatasetVersion
from projects.models import Project, User

NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,59}")
MOST_DIGITS = 9
TAKEN = ("freeze", "tags", "tag")
"""Words that mean something else in an address."""


class BadTag(Exception):
    """A name that no tag can have; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """`before`: where the tag pointed until now, None: it is new."""

    tag: DatasetTag
    before: DatasetVersion | None


def checked(name: str) -> str:
    """Raises BadTag."""
    name = name.strip()
    if not NAME.fullmatch(name):
        raise BadTag(
            "Begin with a letter and go on with letters, figures, points, - and _, "
            "60 at most: paper-v1."
        )
    if name.lower() in TAKEN:
        raise BadTag(f"“{name}” is a word of this page's address. Choose another name.")
    return name


@transaction.atomic
def tag(*, version: DatasetVersion, name: str, author: User | None) -> Tagged:
    """Point a tag at a version, wherever it pointed before. Raises BadTag."""
    name = checked(name)
    project = Project.objects.select_for_update(no_key=True).get(pk=version.project_id)
    found = project.dataset_tags.select_related("version").filter(name=name).first()
    before = found.version if found else None
    if before == version:
        return Tagged(found, before)  # type: ignore[arg-type]
    moved, _ = DatasetTag.objects.update_or_create(
        project=project, name=name, defaults={"version": version}
    )
    DatasetTagMove.objects.create(project=project, name=name, version=version, author=author)
    return Tagged(moved, before)


@transaction.atomic
def untag(*, version: DatasetVersion, name: str, author: User | None) -> bool:
    """Remove a tag of this version; the history keeps where it was. False: it has no such tag."""
    removed, _ = version.tags.filter(name=name).delete()
    if removed:
        DatasetTagMove.objects.create(project_id=version.project_id, name=name, author=author)
    return bool(removed)


def find(project: Project, name: str) -> DatasetVersion:
    """The version of this number or tag. Raises DatasetVersion.DoesNotExist."""
    if name.isascii() and name.isdecimal() and len(name) <= MOST_DIGITS:
        return project.dataset_versions.get(number=int(name))
    return project.dataset_versions.get(tags__name=name)
