from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.models import ModelVersion
from inference.publishing.push import job_of
from inference.publishing.tracking import CannotPush
from projects.jobs import run_here
from projects.models import JobState, Project, Question

USAGE = 2


class Command(BaseCommand):
    help = (
        "Pushes a version of a model to the MLflow registry at MLFLOW_TRACKING_URI: a run with "
        "parameters, metrics and dataset, its files, and a registered version."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="The project.")
        parser.add_argument("version", type=int, help="The number of the version.")
        parser.add_argument("--question", default="", help="Where the project has several.")

    def handle(self, *, slug: str, version: int, **options: Any) -> None:
        question = question_of(slug, options["question"])
        row = ModelVersion.objects.filter(question=question, number=version).first()
        if row is None:
            raise CommandError(f"“{question.name}” has no version {version}.", returncode=USAGE)
        try:
            job = job_of(row)
        except CannotPush as why:
            raise CommandError(str(why), returncode=USAGE) from why
        run_here(job, lambda done, total, message: self.stderr.write(message))
        if job.state != JobState.DONE:
            raise CommandError(job.error or job.get_state_display())
        self.stdout.write(f"{job.result['Registered as']}: {job.result['url']}")


def question_of(slug: str, name: str) -> Question:
    """Raises CommandError."""
    project = Project.objects.filter(slug=slug, deleting_at=None).first()
    if project is None:
        raise CommandError(f"There is no project “{slug}”.", returncode=USAGE)
    questions = list(project.questions.filter(name=name) if name else project.questions.usable())
    if len(questions) != 1:
        known = ", ".join(project.questions.values_list("name", flat=True))
        raise CommandError(f"Say --question, one of: {known}.", returncode=USAGE)
    return questions[0]
