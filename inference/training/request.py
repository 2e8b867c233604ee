from __future__ import annotations

from corpus.models import DatasetVersion
from inference.training.base import refuse_if_off
from inference.training.labels import labels_of, refuse_lost
from inference.training.lessons import CannotTrain, check
from inference.training.settings import TrainingSettings
from projects import jobs
from projects.models import Job, Project, Question, User
from projects.models.job import JobQuerySet

KIND = "train"


class UnderWay(CannotTrain):
    """A model of this question is being trained already."""

    def __init__(self, job: Job) -> None:
        super().__init__("A model of this question is being trained already. Stop it first.")
        self.job = job


def request_training(
    *,
    dataset: DatasetVersion,
    question: Question,
    settings: TrainingSettings,
    author: User | None,
) -> Job:
    """Have a worker fine-tune the encoder. Raises CannotTrain when it is clear that it cannot."""
    params = checked(dataset=dataset, question=question, settings=settings)
    return jobs.enqueue(project=question.project, kind=KIND, params=params, created_by=author)


def checked(
    *, dataset: DatasetVersion, question: Question, settings: TrainingSettings
) -> dict[str, object]:
    """The parameters of the job. Raises CannotTrain."""
    refuse_if_off()
    check(dataset, question)
    refuse_lost(dataset, question)
    under_way = trainings_of(question.project).filter(params__question=question.pk).unfinished()
    if job := under_way.first():
        raise UnderWay(job)
    return {
        "dataset": dataset.pk,
        "question": question.pk,
        "settings": settings.as_dict(),
        # By id, so that nothing is lost when one is renamed meanwhile.
        "labels": labels_of(dataset, question),
    }


def trainings_of(project: Project) -> JobQuerySet:
    return Job.objects.filter(project=project, kind=KIND)
