from __future__ import annotations

from concurrent.futures import wait
from typing import Any

from inference import live, ranking
from inference.autolabel import job as auto_label_job  # noqa: F401 - it registers itself
from inference.encoding import KIND, encode_later, encode_project
from inference.engine import Serving, Unavailable, serving
from inference.evaluating import job as evaluating_job  # noqa: F401 - it registers itself
from inference.importing import job as importing_job  # noqa: F401 - it registers itself
from inference.predictions import job as predicting_job
from inference.publishing import push  # noqa: F401 - it registers itself
from inference.remote import job as remote_job  # noqa: F401 - it registers itself
from inference.training import job as training_job  # noqa: F401 - it registers itself
from inference.tuning import job as tuning_job  # noqa: F401 - it registers itself
from labeling import change_queue
from projects.changes import announce_change
from projects.jobs import JobError, JobRun, after, handler
from projects.models import Job, QueueOrder


@handler(KIND)
def encode(run: JobRun) -> dict[str, Any]:
    """Encode the job's project with this process's engine."""
    if run.job.project is None:
        raise JobError("The project is gone.")
    try:
        return encode_project(run, run.job.project, _started(run))
    except Unavailable as reason:
        raise JobError(str(reason)) from reason


@handler(ranking.KIND)
def rank(run: JobRun) -> dict[str, Any]:
    """Rank what comes next in the job's project, with the heads as they are now."""
    project = run.job.project
    if project is None:
        raise JobError("The project is gone.")
    try:
        running = _started(run)
        heads = live.refresh(project) if project.queue_order == QueueOrder.UNCERTAIN else ()
        return ranking.rank_project(run, project, heads, running)
    except Unavailable as reason:
        raise JobError(str(reason)) from reason


def _started(run: JobRun) -> Serving:
    running = serving()
    while not wait([running.started], timeout=1).done:
        run.raise_if_cancelled()
    return running


@after(KIND)
def learn_from_what_was_read(job: Job) -> None:
    """Called in the transaction that ends the job, so that whoever looks sees it done."""
    if job.project_id is not None:
        announce_change(job.project_id)


@after(KIND)
@after(change_queue.JOB)
@after(predicting_job.KIND)
def rank_anew(job: Job) -> None:
    """There are vectors or predictions that were not there, or the places lie in their first order
    again.
    """
    if job.project_id is not None:
        ranking.rank_later(job.project_id, anew=True)


@after("import_documents")
def encode_what_came(job: Job) -> None:
    if job.project is not None:
        encode_later(job.project)
