"""Tuning the encoder for one span question: train, try, and keep what wins."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path

from inference.answered import last_removal
from inference.engine import Engine, Serving
from inference.learning import gather, span_lessons
from inference.models import ModelVersion
from inference.stamps import last_training_event
from inference.tuning.choose import HELD_OUT
from inference.tuning.train import Recipe
from inference.tuning.trial import NotEnough, Shape, Step, learned
from inference.tuning.tuned_engine import packed
from inference.tuning.versions import register
from projects.models import Question

Work = Generator[Step, None, ModelVersion]


def folder_of(engine: Engine) -> Path | None:
    """Where the encoder lies; None for one that cannot be tuned."""
    folder = getattr(engine, "folder", None)
    return folder if isinstance(folder, Path) else None


def tuning(question: Question, serving: Serving, recipe: Recipe) -> Work:
    """Learns from four fifths of the answers and is tried on the last; then, if that was better
    than the live head alone, learns from all of them, and serves.

    Raises NotEnough.
    """
    engine, project = serving.engine, question.project
    folder = folder_of(engine)
    if folder is None:
        raise NotEnough("This encoder cannot be tuned.")
    last_event, removal = last_training_event(project), last_removal(project)
    answered = span_lessons(question, gather(project, serving))
    columns = [label.pk for label in question.labels.all()]
    network, verdict = yield from learned(answered, Shape(len(columns), folder, recipe))
    parameters = {
        **asdict(recipe),
        "removal": removal,
        "steps": recipe.steps(sum(map(len, answered))),
        "held_out": f"1 in {HELD_OUT}",
        "labels": columns,
        "answers": len(answered),
        "spans": sum(len(one.marks) for texts in answered for one in texts),
    }
    return register(
        question=question,
        engine=engine,
        last_event=last_event,
        parameters=parameters,
        verdict=verdict,
        data=packed(network) if verdict.wins else b"",
    )
