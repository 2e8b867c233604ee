"""Which files in the storage are this room's."""

from __future__ import annotations

from django.db.models import Q

from inference.models import ModelVersion
from projects.loose_files import claims_files


@claims_files
def names_file(name: str) -> bool:
    return ModelVersion.objects.filter(Q(folder=name) | Q(artifact=name)).exists()
