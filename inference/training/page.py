"""What the pages about training show: the form, and the curves of one training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from corpus.models import DatasetVersion
from inference.measuring.plots import Tick, percent
from inference.training.card import FIGURES
from inference.training.lessons import BLIND_SPLITS, blind_rows, counts_of
from inference.training.settings import TrainingSettings
from projects.models import Job, Project, Question

Points = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Plot:
    """A line in percent of the drawing's box, y downwards. `end`: its last place."""

    name: str
    line: str
    end: tuple[float, float]
    value: str
    y_ticks: list[Tick]
    x_ticks: list[Tick]
    rows: list[tuple[str, str]]


def plots(job: Job) -> list[Plot]:
    """Loss, and the figure on the validation part; nothing before there is a line to draw."""
    curve = job.checkpoint.get("curve")
    if not curve:
        return []
    named = f"{FIGURES[curve['figure']]} on {curve['validation']} validation answers"
    scores = [(step, figure) for step, figure, _ in curve["scores"]]
    losses, top = curve["losses"], max((value for _, value in curve["losses"]), default=0)
    found = [
        plot("Loss", losses, curve, top=top or 1.0, written=lambda value: f"{value:.2f}"),
        plot(named, scores, curve, top=1.0, written=percent),
    ]
    return [one for one in found if one is not None]


def plot(
    name: str, points: Points, curve: Mapping[str, Any], *, top: float, written: Any
) -> Plot | None:
    """None for less than two points. `written`: a value in words."""
    if len(points) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    total = max(int(curve["total"]), 1)
    places = [(round(100 * step / total, 2), round(100 - 100 * of / top, 2)) for step, of in points]
    passes = max(total // max(int(curve["per_epoch"]), 1), 1)
    every = -(-passes // 5)
    return Plot(
        name,
        " ".join(f"{x},{y}" for x, y in places),
        places[-1],
        written(points[-1][1]),
        [Tick(at, written(top * (100 - at) / 100)) for at in (0, 50, 100)],
        [Tick(round(100 * number / passes, 2), str(number)) for number in range(0, passes, every)],
        [(f"{step / curve['per_epoch']:.1f}", written(of)) for step, of in points[-10:]],
    )


class TrainForm(forms.Form):
    """Only the dataset need be chosen; an empty knob stands for what suits that."""

    dataset = forms.ModelChoiceField(
        DatasetVersion.objects.none(),
        label="Dataset version",
        empty_label=None,
        error_messages={"invalid_choice": "There is no such dataset version. Choose another."},
    )
    epochs = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        label="Passes over the texts",
        help_text="Empty: 4 to 15, fewer the more texts there are.",
    )
    learning_rate = forms.FloatField(
        required=False,
        min_value=1e-7,
        max_value=0.1,
        help_text="Empty: 0.00003 for a choice, 0.0003 for spans.",
    )
    batch = forms.IntegerField(
        min_value=1, max_value=256, initial=16, label="Texts of a batch", required=False
    )
    accumulation = forms.IntegerField(
        min_value=1,
        max_value=64,
        initial=1,
        required=False,
        label="Batches of a step",
        help_text="More than one adds gradients up: as a larger batch, in the same memory.",
    )
    patience = forms.IntegerField(
        min_value=1,
        max_value=100,
        initial=5,
        required=False,
        label="Patience",
        help_text="Passes without a better figure on the validation part before it ends early.",
    )
    max_tokens = forms.IntegerField(
        min_value=16,
        max_value=512,
        initial=256,
        required=False,
        label="Tokens read at once",
        help_text="Longer texts are read in windows.",
    )
    seed = forms.IntegerField(
        min_value=0, max_value=2**31 - 1, initial=13, required=False, label="Seed"
    )
    class_weights = forms.BooleanField(
        required=False,
        label="Rare labels count for more",
        help_text="Each label weighs the same in all, however few its answers are.",
    )

    def __init__(
        self, question: Question, data: Mapping[str, Any] | None = None, *, number: str = ""
    ) -> None:
        """`number`: of the dataset version whose page led here; else the newest is proposed."""
        super().__init__(data)
        versions = question.project.dataset_versions.all()
        field = self.fields["dataset"]
        field.queryset = versions  # type: ignore[attr-defined]
        field.label_from_instance = lambda row: in_words(row, question)  # type: ignore[attr-defined]
        asked = versions.filter(number=number).first() if number.isdecimal() else None
        self.initial["dataset"] = asked or versions.first()

    @property
    def chosen(self) -> DatasetVersion | None:
        """What the page tells about; None where there is no dataset version."""
        posted = self.cleaned_data.get("dataset") if self.is_bound and self.is_valid() else None
        chosen: DatasetVersion | None = posted or self.initial["dataset"]
        return chosen

    @property
    def knobs(self) -> list[forms.BoundField]:
        return [field for field in self if field.name != "dataset"]

    @property
    def is_turned(self) -> bool:
        """Whether a knob is wrong, so that it had better be seen."""
        return any(name != "dataset" for name in self.errors)

    def settings(self) -> TrainingSettings:
        chosen = {name: of for name, of in self.cleaned_data.items() if of is not None}
        return TrainingSettings.of(chosen)


def in_words(dataset: DatasetVersion, question: Question) -> str:
    """Version 3: 1,200 answers to learn from, 130 blind ones to be measured on"""
    answered = counts_of(dataset, question).get("answered", {})
    rows = sum(number for split, number in answered.items() if split not in BLIND_SPLITS)
    blind = blind_rows(dataset, question)
    measured = f"{blind:,} blind ones to be measured on" if blind else "no blind ones"
    return f"{dataset}: {rows:,} answers to learn from, {measured}"


def questions_of(project: Project) -> list[Question]:
    return list(project.questions.usable())
