"""A real worker whose jobs count: one line a row into a file, one checkpoint a row."""

import os
import time
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "annotate.settings"
django.setup()

from django.db import transaction  # noqa: E402

from annotate.worker import run_worker  # noqa: E402
from projects.jobs import handler  # noqa: E402


@handler("count")
def count(run):
    rows = run.job.params["rows"]
    with Path(run.job.params["file"]).open("a") as file:
        for row in range(run.checkpoint.get("row", 0), rows):
            run.raise_if_cancelled()
            with transaction.atomic():
                run.save_checkpoint({"row": row + 1})
                print(row, file=file, flush=True)
            run.progress(row + 1, rows)
            time.sleep(0.05)


if __name__ == "__main__":
    run_worker()
