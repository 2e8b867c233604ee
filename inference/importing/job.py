from __future__ import annotations

from typing import Any

from inference.importing import waiting
from inference.importing.mapping import Chosen
from inference.importing.register import import_folder, made_by
from inference.importing.unpack import CannotImport
from inference.models import ModelVersion
from projects.jobs import JobError, JobRun, enqueue, handler
from projects.models import Job, Question, User

KIND = "import_model"


def import_later(
    *, question: Question, upload: str, chosen: Chosen, title: str, author: User | None
) -> Job:
    """Have a worker load and register a folder that waits."""
    params = {
        "question": question.pk,
        "upload": upload,
        "labels": dict(chosen),
        "title": title,
    }
    return enqueue(project=question.project, kind=KIND, params=params, created_by=author)


@handler(KIND)
def import_model(run: JobRun) -> dict[str, Any]:
    """Again after a crash it begins anew; what was registered before it is found."""
    params, project = run.job.params, run.job.project
    if project is None:
        raise JobError("The project is gone.")
    question = project.questions.filter(pk=params["question"]).first()
    if question is None:
        raise JobError("The question is gone.")
    run.progress(0, 1, "Loading it")
    version = made_by(run.job) or _imported(run, question)
    waiting.discard(project, params["upload"])
    run.progress(1, 1, "Registered")
    return {"Version": str(version), "Question": question.shown_title}


def _imported(run: JobRun, question: Question) -> ModelVersion:
    params = run.job.params
    try:
        return import_folder(
            folder=waiting.waiting(question.project, params["upload"]),
            question=question,
            chosen=params["labels"],
            title=params["title"],
            author=run.job.created_by,
            job=run.job,
        )
    except (CannotImport, FileNotFoundError) as why:
        raise JobError(str(why)) from why
