from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.comparing.evidence import evidence_of
from inference.comparing.job import KIND, compare_params
from inference.models import ModelVersion
from inference.promote import Refused, promote
from inference.registry import in_use
from projects import jobs
from projects.models import Project, Question

NOT_DONE, USAGE = 1, 2


class Command(BaseCommand):
    help = (
        "Has a version suggest for a question from now on, if it is better than what suggests now "
        "on blind test documents, or for a written reason. Compares the two first where nobody has."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="The project.")
        parser.add_argument("version", type=int, help="The version's number.")
        parser.add_argument("--question", help="Its name; not needed where there is one.")
        parser.add_argument("--reason", default="", help="Why, where it is not known to be better.")

    def handle(self, *, slug: str, version: int, **options: Any) -> None:
        question = _question(slug, options["question"])
        row = ModelVersion.objects.filter(question=question, number=version).first()
        if row is None:
            raise CommandError(
                f"There is no version {version} for “{question.name}”.", returncode=USAGE
            )
        if not options["reason"]:
            self._compare(row)
        try:
            promotion = promote(version=row, author=None, reason=options["reason"])
        except Refused as why:
            raise CommandError(str(why), returncode=NOT_DONE) from None
        self.stdout.write(f"{row} suggests now. {promotion.evidence['words']}")

    def _compare(self, version: ModelVersion) -> None:
        known = evidence_of(version, in_use(version.question))
        if known.present is None or known.present == version:
            return
        if known.comparison is not None and not known.is_outdated:
            return
        params = compare_params(version, known.present)
        job = jobs.add(project=version.project, kind=KIND, params=params)
        jobs.run_here(job, lambda done, total, message: None)
        if job.error:
            self.stderr.write(job.error)


def _question(slug: str, name: str | None) -> Question:
    """Raises CommandError."""
    project = Project.objects.filter(slug=slug, deleting_at=None).first()
    if project is None:
        raise CommandError(f"There is no project “{slug}”.", returncode=USAGE)
    questions = {question.name: question for question in project.questions.usable()}
    if name is None and len(questions) == 1:
        return next(iter(questions.values()))
    if name is None:
        names = ", ".join(questions)
        raise CommandError(f"Say which with --question: {names}", returncode=USAGE)
    if name not in questions:
        raise CommandError(f"There is no question “{name}”.", returncode=USAGE)
    return questions[name]
