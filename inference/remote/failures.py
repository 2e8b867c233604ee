"""Documents of which a remote version gave no usable answer: asked about again, but not for ever.

A refused answer is none: it must not be taken for "nothing is there", and a document that a model
cannot do must not cost money each time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import F, QuerySet
from django.utils import timezone

from inference.models import ModelKind, ModelVersion, RemoteFailure
from projects.models import Document

MOST_TIMES = 3
"""After so many it is asked about again only when an owner wants it."""


def note_failures(
    version: ModelVersion, failed: Collection[int], *, answered: Collection[int]
) -> None:
    """Count these documents, by id, once more; forget those of which an answer came after all."""
    of_version = RemoteFailure.objects.filter(model_version=version)
    of_version.filter(document__in=answered).delete()
    known = set(of_version.filter(document__in=failed).values_list("document", flat=True))
    of_version.filter(document__in=known).update(times=F("times") + 1, failed_at=timezone.now())
    RemoteFailure.objects.bulk_create(
        (RemoteFailure(model_version=version, document_id=pk) for pk in set(failed) - known),
        ignore_conflicts=True,
    )


def without_answer(version: ModelVersion, documents: Sequence[Document]) -> set[int]:
    """Those of these, by id, of which no usable answer came. Of versions of other kinds none."""
    if version.kind != ModelKind.REMOTE:
        return set()
    failures = RemoteFailure.objects.filter(model_version=version, document__in=documents)
    return set(failures.values_list("document", flat=True))


def given_up(version: ModelVersion) -> QuerySet[RemoteFailure]:
    """What is not asked again by itself. Of versions of other kinds none."""
    return RemoteFailure.objects.filter(model_version=version, times__gte=MOST_TIMES)


def allow_again(version: ModelVersion) -> None:
    """Have what was given up asked again, as if it had never failed; it stays without answer."""
    given_up(version).update(times=0)
