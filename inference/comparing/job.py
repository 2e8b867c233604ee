from __future__ import annotations

from typing import Any

from inference.comparing.compare import compare, in_order
from inference.models import ModelVersion
from projects.jobs import JobError, JobRun, enqueue, handler
from projects.models import Job, User

KIND = "compare_models"


def compare_later(one: ModelVersion, other: ModelVersion, author: User | None = None) -> Job:
    """Have a worker compare two versions; the job that is under way where there is one."""
    params = compare_params(one, other)
    jobs = one.project.jobs.filter(kind=KIND, **{f"params__{k}": v for k, v in params.items()})
    waiting = jobs.unfinished().first()
    if waiting is not None:
        return waiting
    jobs.filter(finished_at__isnull=False).delete()
    return enqueue(project=one.project, kind=KIND, params=params, created_by=author)


def job_of(one: ModelVersion, other: ModelVersion) -> Job | None:
    """The last one for this pair."""
    params = {f"params__{key}": value for key, value in compare_params(one, other).items()}
    return one.project.jobs.filter(kind=KIND, **params).first()


def compare_params(one: ModelVersion, other: ModelVersion) -> dict[str, Any]:
    first, second = in_order(one, other)
    return {"first": first.pk, "second": second.pk}


@handler(KIND)
def compare_versions(run: JobRun) -> dict[str, Any]:
    """Compare the job's two versions."""
    versions = ModelVersion.objects.select_related("project", "question", "dataset_version")
    found = versions.filter(project=run.job.project).in_bulk(
        pair := [run.job.params["first"], run.job.params["second"]]
    )
    if len(found) < len(pair):
        raise JobError("One of the two versions is gone.")
    comparison = compare(run, *found.values())
    return {"comparison": comparison.pk, "documents": comparison.documents}
