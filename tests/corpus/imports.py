"""Files on their way in, for tests."""

from __future__ import annotations

import io
import uuid

from corpus.imports.importing import run_import
from corpus.imports.receiving import JOB, receive, start
from corpus.models import BadRows, Import
from projects import jobs
from projects.jobs import JobRun
from projects.models import Project


def quietly(_done, _total, _message) -> None:
    pass


def received(
    project: Project,
    content: bytes | str,
    name: str = "messages.csv",
    *,
    format: str = "csv",  # noqa: A002
) -> Import:
    data = content.encode() if isinstance(content, str) else content
    return receive(project=project, file=io.BytesIO(data), file_name=name, format=format)


def imported(
    project: Project,
    content: bytes | str,
    *maps: str,
    format: str = "csv",  # noqa: A002
    create_labels: bool = False,
    strict: bool = False,
) -> Import:
    """Import a file by its job, at once."""
    source = received(project, content, format=format)
    start(
        source,
        pairs=tuple(tuple(word.split("=", 1)) for word in maps),
        create_labels=create_labels,
        on_bad_rows=BadRows.ALL_OR_NOTHING if strict else BadRows.KEEP_GOOD,
        here=quietly,
    )
    return source


def begun(source: Import, **options) -> JobRun:
    """The run of an import that a worker has just claimed and not yet worked on."""
    job = jobs.add(project=source.project, kind=JOB, params={"import": source.pk})
    Import.objects.filter(pk=source.pk).update(job=job, state="staging", **options)
    source.refresh_from_db()
    return JobRun(jobs.claim(job.pk, uuid.uuid4()))


def again(run: JobRun) -> JobRun:
    """The run that takes over when that one has died."""
    jobs.Job.objects.filter(pk=run.job.pk).update(state="queued")
    return JobRun(jobs.claim(run.job.pk, uuid.uuid4()))


def work(source: Import, run: JobRun) -> None:
    run_import(
        Import.objects.select_related("project", "uploaded_by", "job").get(pk=source.pk), run
    )


def problems_of(source: Import) -> list[tuple[int, str, str]]:
    return list(source.problems.values_list("row", "field", "message"))
