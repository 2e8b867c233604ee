"""Prints how far the import is, as JSON; `age` makes its last heartbeat a minute older."""

import json
import sys
from datetime import timedelta

import django

django.setup()

from django.db.models import F  # noqa: E402

from projects.models import Job  # noqa: E402

imports = Job.objects.filter(kind="import_documents")
if "age" in sys.argv:
    # A test cannot wait until a dead worker is missed, and its kills are no fault of the job.
    minute_ago = F("heartbeat_at") - timedelta(minutes=1)
    imports.unfinished().update(heartbeat_at=minute_ago, attempts=0)
job = imports.get()
print(json.dumps({"state": job.state, "done": job.progress_done, "attempts": job.attempts}))  # noqa: T201
