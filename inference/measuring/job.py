from __future__ import annotations

from concurrent.futures import wait
from typing import Any

from inference.engine import Unavailable, serving
from inference.measuring.measure import KIND, measure_project
from projects.jobs import JobError, JobRun, handler


@handler(KIND)
def measure(run: JobRun) -> dict[str, Any]:
    """Measure the job's project with this process's engine."""
    if run.job.project is None:
        raise JobError("The project is gone.")
    try:
        running = serving()
        while not wait([running.started], timeout=1).done:
            run.raise_if_cancelled()
        return measure_project(run, run.job.project, running)
    except Unavailable as reason:
        raise JobError(str(reason)) from reason
