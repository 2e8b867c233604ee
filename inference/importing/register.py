"""A checked folder becomes a version of a model: loaded once, kept, and a challenger."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import transaction

from inference import artifacts
from inference.engine import EngineError
from inference.evaluating.job import evaluate_later
from inference.importing.folder import Found, found_in, refuse_other_kind
from inference.importing.mapping import Chosen, columns_of
from inference.importing.unpack import CannotImport, is_wanted, refuse_without_weights
from inference.models import ModelKind, ModelVersion, Stage
from inference.registry import environment, next_number
from inference.training import classifier
from projects.loose_files import loose
from projects.models import Job, Question, QuestionKind, User

TRIAL = "A short text, to see that the model can be loaded and says something."


def import_folder(
    *,
    folder: Path,
    question: Question,
    chosen: Chosen,
    title: str,
    author: User | None = None,
    job: Job | None = None,
) -> ModelVersion:
    """Keep a Hugging Face folder as a challenger for a question, and have it measured.

    `chosen`: what its labels stand for. `title`: its name here. `job`: the job that asks for it;
    asking again gives the version it made. Raises CannotImport, before anything is kept.
    """
    if job is not None and (made := made_by(job)) is not None:
        return made
    found = found_in(folder)
    refuse_other_kind(found, question)
    columns = columns_of(found.labels, chosen, question.labels.all())
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR) as clean:
        _copy_wanted(folder, Path(clean))
        _try_out(Path(clean), found)
        version = ModelVersion(
            project=question.project,
            question=question,
            name=title[:80],
            kind=ModelKind.FOLDER,
            parameters={
                "labels": columns,
                "their_labels": list(found.labels),
                "architecture": found.architecture,
                "source": title,
                **({"job": job.pk} if job else {}),
            },
            environment=environment(),
            folder=artifacts.new_name(),
            author=author,
            stage=Stage.CHALLENGER,
        )
        with loose(version.folder):
            version.files = _kept_as(version.folder, Path(clean))
            return _register(version)


def made_by(job: Job) -> ModelVersion | None:
    versions = ModelVersion.objects.filter(project=job.project, kind=ModelKind.FOLDER)
    return versions.filter(parameters__job=job.pk).first()


@transaction.atomic
def _register(version: ModelVersion) -> ModelVersion:
    Question.objects.select_for_update(no_key=True).get(pk=version.question_id)
    version.number = next_number(version.question)
    version.save()
    evaluate_later(version)
    return version


def _copy_wanted(folder: Path, clean: Path) -> None:
    names = [path.name for path in folder.iterdir() if path.is_file() and is_wanted(path.name)]
    if not any(name.endswith(".safetensors") for name in names):
        refuse_without_weights([path.name for path in folder.iterdir()])
    for name in names:
        try:
            (clean / name).hardlink_to(folder / name)
        except OSError:
            shutil.copy(folder / name, clean / name)


def _try_out(folder: Path, found: Found) -> None:
    """Load it and ask it once. Raises CannotImport."""
    task: classifier.Task = "span" if found.kind == QuestionKind.SPAN else "choice"
    try:
        model = classifier.load(folder, task)
        said = model.tag([TRIAL])[0] if task == "span" else model.choose([TRIAL])[0]
    except EngineError as why:
        raise CannotImport(str(why)) from why
    except Exception as error:  # a foreign model fails in ways of its own
        raise CannotImport(f"It was loaded, but fails on a text: {error}") from error
    if model.columns != found.labels:
        raise CannotImport("Its labels are not the ones its config.json names.")
    if not said.size or not np.isfinite(said).all():
        raise CannotImport("It gives no numbers for a plain text: its weights are damaged.")


def _kept_as(name: str, folder: Path) -> dict[str, str]:
    try:
        return artifacts.keep_as(name, folder)
    except artifacts.Unsafe as why:
        raise CannotImport(str(why)) from why
    except OSError as error:
        raise CannotImport(f"It could not be stored: {error.strerror or error}.") from error
