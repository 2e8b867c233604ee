"""The job that asks a fixed version about every document, and records what it says.

It begins by itself for the version that was promoted, and for what comes in later. What is
recorded stays; a run that is killed goes on after its last chunk.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from inference.answered import answered
from inference.engine import Unavailable
from inference.engine import serving as this_engine
from inference.models import ModelKind, ModelVersion
from inference.predicting import CannotPredict, Items, Predictor, predictor_of, record
from inference.promoted.readers import said_of_all
from inference.promoted.versions import IN_FOLDERS, as_promoted
from inference.remote.failures import given_up
from projects.changes import announce_change
from projects.jobs import JobError, JobRun, after, enqueue, handler
from projects.models import Document, Job, JobState, Project, QuestionKind, User
from projects.models.document import DocumentQuerySet

logger = logging.getLogger(__name__)

KIND = "predict"
CHUNK = 32
REMOTE_CHUNK = 8


def predict_later(version: ModelVersion, author: User | None = None) -> Job:
    """Have a worker ask a fixed version; the job that is under way where there is one."""
    jobs = version.project.jobs.filter(kind=KIND, params__version=version.pk)
    waiting = jobs.unfinished().first()
    if waiting is not None:
        return waiting
    jobs.filter(finished_at__isnull=False).delete()
    params = {"version": version.pk}
    return enqueue(project=version.project, kind=KIND, params=params, created_by=author)


def job_of(version: ModelVersion) -> Job | None:
    """The last one that asked this version."""
    return (
        version.project.jobs.filter(kind=KIND, params__version=version.pk).order_by("-pk").first()
    )


def last_asked(versions: Collection[int]) -> dict[int, int]:
    """Of each version the last job that asked it about every document; 0 before the first."""
    asked = dict.fromkeys(versions, 0)
    jobs = Job.objects.filter(kind=KIND, state=JobState.DONE, params__version__in=list(versions))
    for pk, params in jobs.order_by("pk").values_list("pk", "params") if versions else ():
        asked[params["version"]] = pk
    return asked


def predict_for_promoted(project: Project) -> None:
    """Ask what was promoted about what it has not been asked yet. A remote version only when
    somebody presses the button: asking it may cost money.
    """
    if settings.ENGINE == "off":
        return
    rows = ModelVersion.objects.in_project(project).promoted().filter(kind__in=IN_FOLDERS)
    versions = list(rows.select_related("project", "question"))
    asked = last_asked([version.pk for version in versions])
    for version in versions:
        # One that was measured may have said something of all, and yet nothing to be weighed by.
        if not asked[version.pk] or unasked(version).exists():
            predict_later(version)


def unasked(version: ModelVersion) -> DocumentQuerySet:
    """Documents of which nothing that it says is recorded, and that are worth another try."""
    documents = version.project.documents.published().order_by("pk")
    left = documents.exclude(pk__in=version.suggestions.values("document"))
    return left.exclude(pk__in=given_up(version).values("document"))


@handler(KIND)
def predict(run: JobRun) -> dict[str, Any]:
    """Ask the job's version about every document, in chunks, after the last one."""
    versions = ModelVersion.objects.promotable().select_related("project", "question")
    version = versions.filter(pk=run.job.params["version"], project=run.job.project).first()
    if version is None:
        raise JobError("This version is gone.")
    through, done = int(run.checkpoint.get("through", 0)), int(run.checkpoint.get("done", 0))
    waiting = unasked(version)
    total = done + waiting.filter(pk__gt=through).count()
    size = REMOTE_CHUNK if version.kind == ModelKind.REMOTE else CHUNK
    predictor = _asked(version) if total > done else None
    while predictor and (chunk := list(waiting.filter(pk__gt=through)[:size])):
        run.raise_if_cancelled()
        items = _said(predictor, version, chunk)
        through, done = chunk[-1].pk, done + len(chunk)
        with transaction.atomic():
            record(version, chunk, items, version.version)
            run.save_checkpoint({"through": through, "done": done})
        run.progress(done, total, f"Asking {version}")
        run.give_way()
    _read_answered(run, version)
    return {"documents": done}


def _asked(version: ModelVersion) -> Predictor:
    try:
        return predictor_of(version)
    except CannotPredict as why:
        raise JobError(str(why)) from why


def _said(predictor: Predictor, version: ModelVersion, chunk: Sequence[Document]) -> list[Items]:
    for document in chunk:
        document.project = version.project
    try:
        return predictor.predict(chunk)
    except CannotPredict as why:
        raise JobError(str(why)) from why


def _read_answered(run: JobRun, version: ModelVersion) -> None:
    """Have its own outputs at hand for the answers on which the live head's share is chosen."""
    if version.kind not in IN_FOLDERS or version.question.kind == QuestionKind.SPAN:
        return
    try:
        this_engine().started.result()
    except Unavailable:
        return
    documents = list(answered(version.project)[0].values())
    for first in range(0, len(documents), CHUNK):
        run.raise_if_cancelled()
        chunk = documents[first : first + CHUNK]
        said_of_all(as_promoted(version), {one.text_hash: one.model_text for one in chunk})


@after(KIND)
def suggest_what_was_recorded(job: Job) -> None:
    """A remote version suggests what it said; of others there may be more to weigh."""
    version = ModelVersion.objects.promoted().filter(pk=job.params["version"])
    if job.project_id is not None and version.exists():
        announce_change(job.project_id)


@after("import_documents")
def predict_what_came(job: Job) -> None:
    if job.project is not None:
        predict_for_promoted(job.project)
