"""What an owner fills in to have a version frozen or named."""

from __future__ import annotations

from typing import Any

from django import forms

from corpus.exports.forms import choice, day, people_of
from corpus.models import Answers
from corpus.versions import tags
from corpus.versions.recipe import KEYS, MOST_VALIDATION, USUAL_VALIDATION, Recipe, checked
from labeling.matching import BadFilter
from projects.models import Project


class FreezeForm(forms.Form):
    comment = forms.CharField(
        required=False, max_length=500, help_text="What is new, or what it is for."
    )
    answers = forms.ChoiceField(
        required=False,
        choices=[
            (Answers.RESOLVED, "What people agree on"),
            (Answers.EVERYONE, "What each person said as well, under pseudonyms"),
        ],
        initial=Answers.RESOLVED,
        widget=forms.RadioSelect,
    )
    validation = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_VALIDATION,
        initial=USUAL_VALIDATION,
        label="Kept for validation, %",
        help_text="Of the training documents, by the hash of their texts. A training stops when "
        "these no longer get better. Documents that came with a split keep it.",
    )

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(data)
        self.project = project
        self.fields |= {
            "state": choice("State", [("done", "Done")], "Any: every document with an answer."),
            "blind": choice(
                "Blind documents",
                [("without", "Without them"), ("only", "Only them")],
                "Those nobody was shown a suggestion for. They are never for training.",
            ),
            "agreed": choice(
                "Agreement",
                [
                    ("yes", "Every answered question has a result"),
                    ("all", "Several people, and all said the same"),
                ],
            ),
            "since": day("Answered since"),
            "until": day("Answered until"),
            "annotators": forms.MultipleChoiceField(
                required=False,
                label="Only answers of",
                choices=people_of(project),
                widget=forms.CheckboxSelectMultiple,
                help_text="Nobody ticked: of everybody. The answers of others are left out as "
                "if they had not been given.",
            ),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                checked(self.recipe(), self.project)
            except BadFilter as bad:
                self.add_error(None, str(bad))
        return cleaned

    @property
    def filters(self) -> list[forms.BoundField]:
        return [self[name] for name in KEYS if name != "annotators"]

    @property
    def narrows(self) -> bool:
        """Whether a filter was set, so that the page shows it."""
        return any(self[name].value() for name in KEYS)

    def recipe(self) -> Recipe:
        """What was asked for. A form without the field means what the page would have offered."""
        given = self.cleaned_data
        filters = {name: str(given.get(name) or "") for name in KEYS if name != "annotators"}
        validation = given.get("validation")
        return Recipe(
            filters={**filters, "annotators": ",".join(given.get("annotators") or ())},
            validation=USUAL_VALIDATION if validation is None else validation,
            answers=given.get("answers") or Answers.RESOLVED,
        )


class TagForm(forms.Form):
    name = forms.CharField(max_length=60, label="Tag", help_text="Such as paper-v1.")

    def clean_name(self) -> str:
        try:
            return tags.checked(self.cleaned_data["name"])
        except tags.BadTag as bad:
            raise forms.ValidationError(str(bad)) from None
