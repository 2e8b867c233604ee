"""Which files in the storage are this room's."""

from __future__ import annotations

from django.db.models import Q

from corpus.models import DatasetVersion, Export, Import
from projects.loose_files import claims_files


@claims_files
def names_file(name: str) -> bool:
    """A version that held an erased document still says which files it had, and has none."""
    versions = DatasetVersion.objects.filter(Q(file=name) | Q(parquet=name), redactions=None)
    mine = Export.objects.filter(file=name), Import.objects.filter(file=name), versions
    return any(rows.exists() for rows in mine)
