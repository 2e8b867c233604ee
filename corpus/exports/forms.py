"""What people fill in to have a file written or a version frozen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms

from corpus.exports.filters import AGREED, OF_DATASETS
from corpus.exports.options import SPREADSHEETS, TABLES, Options
from corpus.formats import FORMATS, WRITABLE
from corpus.formats.options import Option
from corpus.models import Answers, DatasetVersion
from corpus.record import SPAN
from corpus.versions.recipe import recipe_of
from labeling.matching import ARMS, IMPORT, SPLITS, STATES, answerers
from projects.models import Project

USUAL = "csv"
ANY = ("", "Any")
NAMES = ("answers", "with_provenance", "with_model_answers", "with_splits", "spreadsheet_safe")
OPTION = "option-"
FILTER = "only-"


class ExportForm(forms.Form):
    """Holds only what makes sense for the format, and for a project or a dataset version."""

    def __init__(
        self,
        project: Project,
        format_name: str,
        data: Mapping[str, Any] | None = None,
        *,
        dataset: DatasetVersion | None = None,
    ) -> None:
        super().__init__(data)
        self.asked = format_name
        self.project, self.dataset = project, dataset
        # Of a format that there is not, the page shows the options of the usual one.
        self.format_name = format_name if format_name in WRITABLE else USUAL
        format_name = self.format_name
        if format_name in TABLES:
            self._add_columns()
        if format_name in SPREADSHEETS:
            self.fields["spreadsheet_safe"] = forms.BooleanField(
                required=False,
                label="Safe to open in a spreadsheet",
                help_text="Cells that a spreadsheet would run as a formula get an apostrophe. "
                "Such a file cannot be imported again unchanged.",
            )
        for option in FORMATS[format_name].writing:
            if field := option_field(option, project):
                self.fields[OPTION + option.name] = field
        for name, filter_field in filter_fields(project, dataset, format_name):
            self.fields[FILTER + name] = filter_field

    def _add_columns(self) -> None:
        everyone = self.dataset is None or recipe_of(self.dataset.recipe).everyone
        if everyone:
            self.fields["answers"] = forms.ChoiceField(
                required=False,
                choices=[
                    (Answers.RESOLVED, "What people agree on: once for each document"),
                    (Answers.EVERYONE, "What each person said: once for each person and document"),
                ],
                initial=Answers.RESOLVED,
                widget=forms.RadioSelect,
            )
        if self.dataset is None:
            self.fields["with_provenance"] = forms.BooleanField(
                required=False,
                label="With provenance",
                help_text="Where each answer came from: by hand, accepted or changed, the "
                "suggestion as it was shown, the model's version, and whether it was blind.",
            )
            self.fields["with_model_answers"] = forms.BooleanField(
                required=False,
                label="With answers of models",
                help_text="Of documents that a model labels, in a column of their own with its "
                "version and scores; never among what people said.",
            )
        self.fields["with_splits"] = forms.BooleanField(
            required=False,
            label="With the split",
            help_text="Training, validation, test or calibration, as a dataset version has it.",
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.asked != self.format_name:
            self.add_error(None, f"There is no format “{self.asked}”. Choose one of those above.")
        return cleaned

    @property
    def ticks(self) -> list[forms.BoundField]:
        return [field for field in self if isinstance(field.field, forms.BooleanField)]

    @property
    def of_format(self) -> list[forms.BoundField]:
        return [field for field in self if field.name.startswith(OPTION)]

    @property
    def filters(self) -> list[forms.BoundField]:
        return [field for field in self if field.name.startswith(FILTER)]

    @property
    def narrows(self) -> bool:
        """Whether a filter was set, so that the page shows it."""
        return any(field.value() for field in self.filters)

    def options(self) -> Options:
        """What was asked for, once the form is valid."""
        # What the format has no field for was never offered; asked for all the same, it is refused.
        given = {name: self.data[name] for name in NAMES if self.data.get(name)} | self.cleaned_data
        return Options(
            format=self.format_name,
            answers=given.get("answers") or Answers.RESOLVED,
            with_provenance=bool(given.get("with_provenance")),
            with_model_answers=bool(given.get("with_model_answers")),
            with_splits=bool(given.get("with_splits")),
            spreadsheet_safe=bool(given.get("spreadsheet_safe")),
            options=dict(self._given(OPTION)),
            filters=dict(self._given(FILTER)),
        )

    def _given(self, prefix: str) -> Iterator[tuple[str, str]]:
        for name, value in self.cleaned_data.items():
            if name.startswith(prefix) and value:
                yield name.removeprefix(prefix), str(value)


def option_field(option: Option, project: Project) -> forms.Field | None:
    """What is free in the format is a choice here; None where there is nothing to choose."""
    names: list[str] = []
    if option.name == "question":
        spans = project.questions.filter(kind=SPAN)
        names = list(spans.values_list("name", flat=True))
    elif option.name == "field":
        names = project.text_fields
    choices = list(option.choices) or [(name, name) for name in names]
    if len(choices) < 2:  # noqa: PLR2004 - two make a choice
        return None
    return forms.ChoiceField(
        required=False,
        choices=choices,
        initial=option.default or choices[0][0],
        label=option.title,
        help_text=option.help,
    )


def filter_fields(
    project: Project, dataset: DatasetVersion | None, format_name: str
) -> Iterator[tuple[str, forms.Field]]:
    """Which documents; a dataset version holds neither people nor days, only splits."""
    every = {
        "state": choice("State", list(STATES.items())),
        "label": choice("Label", labels_of(project)),
        "annotator": choice("Answered by", people_of(project)),
        "since": day("Answered since"),
        "until": day("Answered until"),
        "arm": choice(
            "Suggestions", list(ARMS.items()), "Blind documents are those shown without any."
        ),
        "split": choice("Split", [(split, split) for split in SPLITS]),
        AGREED: choice(
            "Agreement",
            [("yes", "People agree"), ("no", "People disagree")],
            "Of what people agree on only." if format_name in TABLES and not dataset else "",
        ),
    }
    for name, field in every.items():
        if dataset is None or name in OF_DATASETS:
            yield name, field


def choice(label: str, choices: list[Any], help_text: str = "") -> forms.Field:
    return forms.ChoiceField(
        required=False, label=label, choices=[ANY, *choices], help_text=help_text
    )


def day(label: str) -> forms.Field:
    return forms.DateField(
        required=False,
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


def labels_of(project: Project) -> list[Any]:
    """The labels, grouped by their questions."""
    questions = project.questions.usable().prefetch_related("labels")
    return [
        (question.shown_title, [(str(label.pk), label.name) for label in question.labels.all()])
        for question in questions
    ]


def people_of(project: Project) -> list[tuple[str, str]]:
    people = [(str(person.pk), person.shown_name) for person in answerers(project)]
    return [*people, (IMPORT, "Nobody: imported answers")]
