from __future__ import annotations

from concurrent.futures import wait
from typing import Any

from inference.encoding import KIND, encode_later, encode_project
from inference.engine import Unavailable, serving
from projects.jobs import JobError, JobRun, after, handler
from projects.models import Job


@handler(KIND)
def encode(run: JobRun) -> dict[str, Any]:
    """Encode the job's project with this process's engine."""
    if run.job.project is None:
        raise JobError("The project is gone.")
    try:
        running = serving()
        while not wait([running.started], timeout=1).done:
            run.raise_if_cancelled()
        return encode_project(run, run.job.project, running)
    except Unavailable as reason:
        raise JobError(str(reason)) from reason


@after("import_documents")
def encode_what_came(job: Job) -> None:
    if job.project is not None:
        encode_later(job.project)
