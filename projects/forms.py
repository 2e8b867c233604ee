from __future__ import annotations

import hashlib
import threading
from itertools import pairwise
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.forms import PasswordResetForm, UserCreationForm
from django.core.cache import cache
from django.db.models import Count, Max

from projects.colors import HUE_NAMES, is_hue
from projects.config import is_hotkey, reserved_names
from projects.models import Invite, Label, Membership, Project, Question, QuestionKind, Role, User
from projects.reorder import move_label, move_question

MOST_INVITED = 1000
MAIL_PAUSE_SECONDS = 60


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField(
        choices=lambda: [(name, name) for name in sorted(available_timezones())],
        help_text="Times are shown in this zone.",
        error_messages={"invalid_choice": "“%(value)s” is not a time zone. Choose one."},
    )

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email", "time_zone")


class SignUpForm(UserCreationForm):  # type: ignore[type-arg]
    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username", "email")


class ResetForm(PasswordResetForm):
    """Mails in a thread of its own, so that the answer takes as long for an unknown address."""

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        about = hashlib.sha256(str(self.cleaned_data["email"]).casefold().encode()).hexdigest()
        # Nobody's mailbox is filled by repeating the request.
        if cache.add(f"reset.{about}", 1, MAIL_PAUSE_SECONDS):
            # Django logs what goes wrong in there.
            threading.Thread(
                target=super().send_mail, args=args, kwargs=kwargs, name="reset-mail"
            ).start()


class ProjectForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Project
        fields = ("name", "data_license")
        labels: ClassVar[dict[str, str]] = {"data_license": "Licence of the texts"}
        help_texts: ClassVar[dict[str, str]] = {
            "data_license": "Data cards of datasets state it. An SPDX name such as CC-BY-4.0, or "
            "your own words."
        }


class QuestionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A question. Its kind is chosen once; what answers rely on is not taken away from them."""

    kind = forms.ChoiceField(
        choices=[
            (QuestionKind.CHOICE, "Choose labels for the whole text"),
            (QuestionKind.SPAN, "Mark parts of the text"),
        ],
        required=False,
        initial=QuestionKind.CHOICE,
        label="Kind",
    )
    place = forms.IntegerField(min_value=1, required=False)

    class Meta:
        model = Question
        fields = ("name", "title", "kind", "multiple", "overlapping", "required")
        labels: ClassVar[dict[str, str]] = {
            "name": "Column name",
            "title": "What people read",
            "multiple": "Several labels may be chosen",
            "overlapping": "Spans may overlap",
            "required": "An answer is required",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "name": "Short, for exports: letters, figures, - and _.",
            "title": "",
            "multiple": "",
            "overlapping": "",
        }

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.project = project
        if self.instance.pk:
            unused = "multiple" if self.instance.kind == QuestionKind.SPAN else "overlapping"
            del self.fields["kind"], self.fields[unused]
        else:
            del self.fields["place"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name in reserved_names(self.instance.project.text_fields):
            raise forms.ValidationError(f"“{name}” is a column of exports. Choose another name.")
        others = self.instance.project.questions.exclude(pk=self.instance.pk)
        if others.filter(name=name).exists():
            raise forms.ValidationError("Another question has this name.")
        return name

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or QuestionKind.CHOICE

    def clean_multiple(self) -> bool:
        multiple: bool = self.cleaned_data["multiple"]
        if self.instance.pk and self.initial["multiple"] and not multiple:
            held = self.instance.answers.values("annotation").annotate(n=Count("pk"))
            several = held.filter(n__gt=1).count()
            if several:
                raise forms.ValidationError(
                    f"{several:,} answer{'s hold' if several > 1 else ' holds'} several labels. "
                    "Add a question with one label instead."
                )
        return multiple

    def clean_overlapping(self) -> bool:
        overlapping: bool = self.cleaned_data["overlapping"]
        if self.instance.pk and self.initial["overlapping"] and not overlapping:
            spans = self.instance.answers.order_by("annotation", "field", "start", "end")
            places = spans.values_list("annotation", "field", "start", "end")
            if any(
                before[:2] == after[:2] and after[2] < before[3]
                for before, after in pairwise(places.iterator())
            ):
                raise forms.ValidationError("Some answers hold spans that overlap.")
        return overlapping

    def clean(self) -> dict[str, Any]:
        """A flag of the other kind says nothing, so it is not kept."""
        data = super().clean() or self.cleaned_data
        if not self.instance.pk:
            data["multiple" if data.get("kind") == QuestionKind.SPAN else "overlapping"] = False
        return data

    def save(self, commit: bool = True) -> Question:  # noqa: FBT001, FBT002 - Django's signature
        if not self.instance.pk:
            self.instance.position = _after(self.instance.project.questions)
        question: Question = super().save(commit)
        if self.cleaned_data.get("place"):
            move_question(question=question, place=self.cleaned_data["place"])
        return question


class LabelForm(forms.ModelForm):  # type: ignore[type-arg]
    place = forms.IntegerField(min_value=1, required=False)

    class Meta:
        model = Label
        fields = ("name", "description", "hotkey", "color")
        labels: ClassVar[dict[str, str]] = {
            "name": "Label",
            "description": "When to use it",
            "hotkey": "Key",
            "color": "Colour",
        }
        widgets: ClassVar[dict[str, Any]] = {
            "description": forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
            "hotkey": forms.TextInput(attrs={"placeholder": "auto"}),
        }

    def __init__(self, *args: Any, question: Question, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.question = question
        own = self.instance.color
        choices = [("", "Auto"), *((str(hue), name) for hue, name in HUE_NAMES.items())]
        if own and own not in dict(choices):
            choices.append((own, f"Hue {own}"))
        self.fields["color"].widget = forms.RadioSelect(choices=choices)
        if not self.instance.pk:
            del self.fields["place"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = self.instance.question.labels.exclude(pk=self.instance.pk)
        if others.filter(name=name).exists():
            raise forms.ValidationError("Another label of this question has this name.")
        return name

    def clean_hotkey(self) -> str:
        key: str = self.cleaned_data["hotkey"].lower()
        if key and not is_hotkey(key):
            raise forms.ValidationError(
                "A key is 1 to 9 or a letter other than s, z, f, h and u, which the page uses."
            )
        others = self.instance.question.labels.exclude(pk=self.instance.pk)
        if key and others.filter(hotkey__iexact=key).exists():
            other = others.filter(hotkey__iexact=key)[0]
            raise forms.ValidationError(f"“{other.name}” has this key.")
        return key

    def clean_color(self) -> str:
        color: str = self.cleaned_data["color"]
        if color and not is_hue(color):
            raise forms.ValidationError("A hue is a number from 0 to 359.")
        return color

    def save(self, commit: bool = True) -> Label:  # noqa: FBT001, FBT002 - Django's signature
        if not self.instance.pk:
            self.instance.position = _after(self.instance.question.labels)
        label: Label = super().save(commit)
        if self.cleaned_data.get("place"):
            move_label(label=label, place=self.cleaned_data["place"])
        return label


def _after(rows: Any) -> int:
    """The position behind the last of a project's questions or a question's labels."""
    last: int | None = rows.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


class InviteForm(forms.ModelForm):  # type: ignore[type-arg]
    days = forms.IntegerField(min_value=1, max_value=90, initial=7, label="Valid for days")
    uses_left = forms.IntegerField(
        min_value=1, max_value=MOST_INVITED, initial=1, label="For how many people"
    )

    class Meta:
        model = Invite
        fields = ("role", "uses_left", "note")
        help_texts: ClassVar[dict[str, str]] = {"note": "For your own memory, such as a name."}


class RoleForm(forms.ModelForm):  # type: ignore[type-arg]
    role = forms.ChoiceField(choices=Role.choices)

    class Meta:
        model = Membership
        fields = ("role",)
