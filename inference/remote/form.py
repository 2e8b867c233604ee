from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from inference.remote.addresses import place_of, raise_if_written_so
from inference.remote.configuration import RemoteProtocol
from inference.remote.keys import key_names, key_of
from inference.remote.problems import Misplaced
from projects.models import Project, Question

CHAT_PATH = "/chat/completions"
CHOSEN = (
    "protocol",
    "base_url",
    "model",
    "key_variable",
    "timeout",
    "price_in",
    "price_out",
    "instructions",
)
"""The fields that make a configuration."""
MOST_PAID = 10_000
"""For a million tokens."""


class RemoteForm(forms.Form):
    """A model somewhere else, and the question it is to answer."""

    question = forms.ModelChoiceField(
        Question.objects.none(), to_field_name="name", empty_label=None, label="Question"
    )
    name = forms.CharField(label="What to call it", max_length=80)
    protocol = forms.ChoiceField(choices=RemoteProtocol.choices, label="How it is asked")
    base_url = forms.CharField(
        label="Address",
        max_length=300,
        help_text=(
            "Of chat completions it usually ends in /v1, as in https://api.example.com/v1. "
            "Of a Label Studio backend it is what you would give Label Studio."
        ),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none"}),
    )
    model = forms.CharField(
        label="Model",
        max_length=200,
        required=False,
        help_text="As the endpoint names it. A Label Studio backend is one model and needs none.",
    )
    key_variable = forms.ChoiceField(
        label="Key",
        required=False,
        help_text=(
            "The name of a key that the server's settings hold (REMOTE_KEYS). Its value is shown "
            "to nobody."
        ),
    )
    timeout = forms.IntegerField(
        label="Seconds to wait for one answer", min_value=1, max_value=300, initial=60
    )
    price_in = forms.DecimalField(
        label="Price of a million tokens read",
        min_value=0,
        max_value=MOST_PAID,
        decimal_places=6,
        initial=0,
    )
    price_out = forms.DecimalField(
        label="Price of a million tokens written",
        min_value=0,
        max_value=MOST_PAID,
        decimal_places=6,
        initial=0,
        help_text="For the sum of what it has cost. In any currency.",
    )
    instructions = forms.CharField(
        label="Further instructions",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        help_text=(
            "A chat model is told the question, its labels with their descriptions, and the "
            "project's guidelines. This is added."
        ),
    )

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        questions = project.questions.usable().filter(labels__isnull=False).distinct()
        self.fields["question"].queryset = questions  # type: ignore[attr-defined]
        keys = [("", "none"), *((name, name) for name in key_names())]
        self.fields["key_variable"].choices = keys  # type: ignore[attr-defined]

    def clean_base_url(self) -> str:
        url: str = self.cleaned_data["base_url"].strip()
        if self.cleaned_data.get("protocol") == RemoteProtocol.CHAT:
            url = url.rstrip("/").removesuffix(CHAT_PATH)
        try:
            raise_if_written_so(place_of(url))
        except Misplaced as why:
            raise forms.ValidationError(str(why)) from why
        return url.rstrip("/")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("protocol") == RemoteProtocol.CHAT:
            if not data.get("model"):
                self.add_error("model", "Say which of the endpoint's models is to answer.")
        else:
            data["model"] = data["instructions"] = ""
        if data.get("base_url") and data.get("key_variable"):
            try:
                key_of(data["key_variable"], place_of(data["base_url"]))
            except Misplaced as why:
                self.add_error("key_variable", str(why))
        return data

    @property
    def chosen(self) -> dict[str, Any]:
        """Of a valid form what makes the configuration, as JSON can hold it."""
        data = self.cleaned_data
        prices = {name: f"{data[name].normalize():f}" for name in ("price_in", "price_out")}
        return {**{name: data[name] for name in CHOSEN}, **prices}


def filled_from(question: Question, name: str, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """What to begin a form with; also what to send as one."""
    return {
        "question": question.name,
        "name": name,
        **{field: chosen.get(field, "") for field in CHOSEN},
    }
