"""The alias "champion" of a registered model: it follows what suggests here."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from inference.models import ModelVersion
from inference.publishing.tracking import CannotPush, tracking
from projects.jobs import JobError, JobRun, enqueue, handler
from projects.models import Job, Question

KIND = "keep_aliases"
CHAMPION = "champion"


def keep_aliases_later(question: Question) -> Job | None:
    """Call it after a promotion or rollback. None where nothing of the question was pushed."""
    if not settings.MLFLOW_TRACKING_URI or not names_of(question):
        return None
    return enqueue(project=question.project, kind=KIND, params={"question": question.pk})


def names_of(question: Question) -> set[str]:
    """The names under which versions of a question are registered."""
    pushed = ModelVersion.objects.filter(question=question, registered__has_key="mlflow")
    return set(pushed.values_list("registered__mlflow__name", flat=True))


@handler(KIND)
def keep_aliases_of(run: JobRun) -> dict[str, Any]:
    question = Question.objects.filter(pk=run.job.params["question"]).first()
    if question is None:
        raise JobError("The question is gone.")
    try:
        return {"Champion there": keep_aliases(question)}
    except CannotPush as why:
        raise JobError(str(why)) from why


def keep_aliases(question: Question) -> str:
    """Points the alias at the champion, if that was pushed, and else takes it away; says which
    version has it. Raises CannotPush.
    """
    champion = ModelVersion.objects.promoted().filter(question=question).first()
    known = champion.registered.get("mlflow") if champion else None
    with tracking() as client:
        for name in names_of(question):
            if known and known["name"] == name:
                client.set_registered_model_alias(name, CHAMPION, known["version"])
            else:
                client.delete_registered_model_alias(name, CHAMPION)
    return f"{known['name']} {known['version']}" if known else "none"
