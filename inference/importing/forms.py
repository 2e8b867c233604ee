from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from inference.importing.folder import Found
from inference.importing.mapping import columns_of, suggested
from inference.importing.unpack import CannotImport
from projects.models import Project, Question

IGNORED = ("", "ignore it")


class UploadForm(forms.Form):
    file = forms.FileField(
        label="The folder, packed",
        max_length=255,
        help_text="A zip or tar file with config.json, model.safetensors and tokenizer.json.",
    )


class MapForm(forms.Form):
    """A select for each label of a model. `chosen`, once valid: what each stands for."""

    title = forms.CharField(label="What to call it", max_length=80)
    chosen: dict[str, int | None]

    def __init__(
        self, found: Found, question: Question, data: Mapping[str, Any] | None, *, title: str
    ) -> None:
        super().__init__(data, initial={"title": title})
        self.found, self.ours = found, list(question.labels.all())
        ours = [IGNORED, *((str(label.pk), label.name) for label in self.ours)]
        usual = suggested(found.labels, self.ours)
        for column, name in enumerate(found.labels):
            self.fields[f"label-{column}"] = forms.ChoiceField(
                label=name, choices=ours, required=False, initial=str(usual[name] or "")
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        picked = (cleaned.get(f"label-{column}") for column in range(len(self.found.labels)))
        values = (int(value) if value else None for value in picked)
        self.chosen = dict(zip(self.found.labels, values, strict=True))
        try:
            columns_of(self.found.labels, self.chosen, self.ours)
        except CannotImport as why:
            self.add_error(None, str(why))
        return cleaned


def questions_for(project: Project, found: Found) -> list[Question]:
    """Those that a model of this kind can answer and that have labels."""
    questions = project.questions.filter(kind=found.kind).prefetch_related("labels")
    return [question for question in questions if question.labels.all()]
