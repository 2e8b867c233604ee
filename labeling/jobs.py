"""What the room's jobs do."""

from __future__ import annotations

from typing import Any

from labeling import change_queue as changing
from labeling import merge_labels as merging
from projects.jobs import JobError, JobRun, handler
from projects.models import Label


@handler(merging.JOB)
def merge_labels(run: JobRun) -> dict[str, Any]:
    labels = Label.objects.filter(question__project=run.job.project).select_related("question")
    by_pk = labels.in_bulk([run.job.params["source"], run.job.params["target"]])
    source = by_pk.get(run.job.params["source"])
    target = by_pk.get(run.job.params["target"])
    if target is None:
        raise JobError("The label to merge into is gone.")
    if source is None:
        return {}  # An earlier attempt got through.

    def tell(documents: int) -> None:
        run.raise_if_cancelled()
        run.progress(documents, message="Moving answers")

    try:
        documents = merging.merge_labels(
            source=source, target=target, owner=run.job.created_by, tell=tell
        )
    except merging.CannotMerge as problem:
        raise JobError(str(problem)) from problem
    return {"Documents": documents}


@handler(changing.JOB)
def change_queue(run: JobRun) -> dict[str, Any]:
    """Every document in order of its id; the checkpoint holds the last, and how many are done."""
    project = run.job.project
    if project is None:
        raise JobError("The project is gone.")
    total = project.documents.count()

    def tell(after: int, count: int) -> None:
        run.raise_if_cancelled()
        done = run.checkpoint.get("done", 0) + count
        run.save_checkpoint({"after": after, "done": done})
        run.progress(done, total, "Documents")

    changing.change_queue(project=project, after=run.checkpoint.get("after", 0), tell=tell)
    return {"Documents": run.checkpoint.get("done", 0)}
