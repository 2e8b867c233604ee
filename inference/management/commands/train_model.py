from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from corpus.models import DatasetVersion
from corpus.progress_line import ProgressLine
from inference.training.lessons import CannotTrain
from inference.training.register import registered
from inference.training.request import KIND, checked
from inference.training.settings import TrainingSettings
from projects import jobs
from projects.models import JobState, Project, Question

FAILED, USAGE = 1, 2
KNOBS: dict[str, tuple[type, str]] = {
    "epochs": (int, "Passes over the texts; by itself 4 to 15, fewer the more texts there are."),
    "batch": (int, "Texts of a batch."),
    "learning-rate": (float, "By itself 0.0001 for a choice, 0.0003 for spans."),
    "accumulation": (int, "Batches of a step."),
    "patience": (int, "Passes without a better figure before it ends early."),
    "max-tokens": (int, "Tokens read at once; longer texts are read in windows."),
    "seed": (int, "The same seed, dataset and machine give the same model."),
}


class Command(BaseCommand):
    help = (
        "Fine-tunes the encoder on a dataset version and prints the model version that came of it, "
        "a challenger. Exit code 1: nothing could be learned; 2: it was asked for wrongly."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="The project.")
        parser.add_argument("--question", metavar="NAME", help="Needed where there are several.")
        parser.add_argument("--dataset", type=int, metavar="N", help="The newest, by itself.")
        parser.add_argument(
            "--class-weights", action="store_true", help="Rare labels count for more."
        )
        for name, (kind, words) in KNOBS.items():
            parser.add_argument(f"--{name}", type=kind, metavar="N", help=words)

    def handle(self, *, slug: str, **options: Any) -> None:
        question = question_of(slug, options["question"])
        dataset = dataset_of(question.project, options["dataset"])
        names = [name.replace("-", "_") for name in KNOBS]
        chosen = {name: options[name] for name in names if options[name] is not None}
        if any(value <= 0 for name, value in chosen.items() if name != "seed"):
            raise CommandError("Every number must be above zero.", returncode=USAGE)
        settings = TrainingSettings.of({**chosen, "class_weights": options["class_weights"]})
        try:
            params = checked(dataset=dataset, question=question, settings=settings)
        except CannotTrain as why:
            raise CommandError(str(why), returncode=FAILED) from None
        job = jobs.add(project=question.project, kind=KIND, params=params)
        with ProgressLine(self.stderr) as line:
            jobs.run_here(job, line.tell)
        version = registered(job)
        if job.state != JobState.DONE or version is None:
            raise CommandError(f"Not trained. {job.error}".rstrip(), returncode=FAILED)
        figure = version.parameters["validation_figure"].replace("_", " ")
        value, rows = (version.parameters[f"validation_{part}"] for part in ("value", "answers"))
        self.stdout.write(
            f"{version}: {figure} {value:.3f} on {rows} validation answers, from {dataset}, "
            f"in {version.parameters['seconds']:.0f} s."
        )


def question_of(slug: str, name: str | None) -> Question:
    """Raises CommandError."""
    project = Project.objects.filter(slug=slug, deleting_at=None).first()
    if project is None:
        raise CommandError(f"There is no project “{slug}”.", returncode=USAGE)
    questions = {question.name: question for question in project.questions.usable()}
    if name is None and len(questions) == 1:
        return next(iter(questions.values()))
    if name in questions:
        return questions[name]
    known = ", ".join(questions) or "none"
    missing = f"“{slug}” has no question “{name}”" if name else "Say which question with --question"
    raise CommandError(f"{missing}. There are: {known}.", returncode=USAGE)


def dataset_of(project: Project, number: int | None) -> DatasetVersion:
    """Raises CommandError."""
    versions = project.dataset_versions.all()
    found = versions.first() if number is None else versions.filter(number=number).first()
    if found is not None:
        return found
    if number is None:
        raise CommandError(
            f"“{project.slug}” has no dataset version. Make one: freeze_dataset {project.slug}",
            returncode=USAGE,
        )
    raise CommandError(f"“{project.slug}” has no dataset version {number}.", returncode=USAGE)
