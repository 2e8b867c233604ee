"""Prints, as JSON, what a system's database holds. Run by the tests after the last kill."""

import json

import django

django.setup()

from django.db.models import Count  # noqa: E402

from labeling.models import Annotation, Event  # noqa: E402
from projects.models import Document  # noqa: E402

counted = Annotation.objects.counted().values("document").annotate(n=Count("pk"))
print(  # noqa: T201
    json.dumps(
        {
            "events": [str(pk) for pk in Event.objects.values_list("client_id", flat=True)],
            "most_counted_per_document": max([row["n"] for row in counted], default=0),
            "answers": Annotation.objects.submitted().count(),
            "documents": Document.objects.count(),
            "external_ids": list(
                Document.objects.published().order_by("pk").values_list("external_id", flat=True)
            ),
        }
    )
)
