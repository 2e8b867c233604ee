"""Trying a remote model on a few documents before it is added: a call may take minutes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from threading import Event
from typing import Any

from inference.predicting import CannotPredict, labels_now
from inference.remote.add import configuration_of
from inference.remote.asking import Spent
from inference.remote.predict import asked_by, outcomes_of, present
from labeling.merged import merged_into
from projects.jobs import JobError, JobRun, enqueue, handler
from projects.models import Document, Job, Project, Question, User

KIND = "try_remote"
TRIED_ON = 3


def try_later(*, question: Question, name: str, chosen: Mapping[str, Any], author: User) -> Job:
    """Have a worker ask it; `chosen` as `RemoteForm` has it. The job's result says what came."""
    params = {"question": question.pk, "name": name, "chosen": dict(chosen)}
    return enqueue(project=question.project, kind=KIND, params=params, created_by=author)


@handler(KIND)
def try_remote(run: JobRun) -> dict[str, Any]:
    """What it says of each document (items or the reason for none), and what that took."""
    project = run.job.project
    questions = Question.objects.filter(project=project, pk=run.job.params["question"])
    question = questions.select_related("project").first()
    if project is None or question is None:
        raise JobError("This question is gone.")
    documents = documents_to_try(project)
    if not documents:
        raise JobError("There is no document to try it on. Import some, or label fewer blind.")
    configuration = configuration_of(question, run.job.params["chosen"])
    try:
        asked = asked_by(configuration, question)
    except CannotPredict as why:
        raise JobError(str(why)) from why
    into, known, spent = merged_into(project), labels_now(question.pk), Spent()
    answers: dict[int, dict[str, Any]] = {}
    stop = Event()
    texts = [dict(document.fields()) for document in documents]
    with closing(outcomes_of(asked, texts, stop)) as outcomes:
        for place, outcome in outcomes:
            spent.add(outcome.spent)
            if outcome.fatal:
                raise JobError(outcome.failure)
            items = present(outcome.items, into, known)
            answers[place] = {
                "document": documents[place].pk,
                "items": items,
                "failure": outcome.failure,
            }
            run.progress(len(answers), len(documents), "Asking")
            run.raise_if_cancelled()
    return {
        "answers": [answers[place] for place in sorted(answers)],
        "calls": spent.calls,
        "tokens_in": spent.tokens_in,
        "tokens_out": spent.tokens_out,
        "cost": str(configuration.cost(spent.tokens_in, spent.tokens_out)),
    }


def documents_to_try(project: Project) -> list[Document]:
    """The first that are not blind: nobody may learn what a model says of a blind one."""
    documents = project.documents.published().not_blind().order_by("position", "pk")
    found = list(documents[:TRIED_ON])
    for document in found:
        document.project = project
    return found
