from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.forms import UserCreationForm

from projects.models import Invite, Label, Membership, Project, Question, QuestionKind, Role, User

NO_KEYS = "sz0fhu"


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("first_name", "last_name", "email", "time_zone")


class SignUpForm(UserCreationForm):  # type: ignore[type-arg]
    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username", "email")


class ProjectForm(forms.ModelForm):  # type: ignore[type-arg]
    """How a project is served. What would move slots is fixed once there are documents."""

    reserve_percent = forms.IntegerField(
        min_value=0,
        max_value=100,
        label="Reserve",
        help_text="Per cent of new documents served at random, half of them without suggestions.",
    )

    class Meta:
        model = Project
        fields = ("name", "overlap", "queue_order")
        labels: ClassVar[dict[str, str]] = {
            "overlap": "Answers per document",
            "queue_order": "Order of documents",
        }

    fixed_with_documents = ("overlap", "queue_order")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_documents = self.instance.documents.exists()
        self.fields["reserve_percent"].initial = round(100 * self.instance.reserve)
        if self.has_documents:
            for name in self.fixed_with_documents:
                self.fields[name].disabled = True

    def save(self, commit: bool = True) -> Project:  # noqa: FBT001, FBT002 - Django's signature
        """A new share of the reserve begins a new epoch; documents keep the coins they have."""
        share = self.cleaned_data["reserve_percent"] / 100
        if share != self.instance.reserve:
            self.instance.reserve = share
            self.instance.reserve_epoch += 1
        project: Project = super().save(commit)
        return project


class QuestionForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Question
        fields = ("name", "title", "multiple", "required")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.project = project
        if not self.instance.pk:
            self.instance.kind = QuestionKind.CHOICE
            self.instance.position = project.questions.count()

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name in {"id", "split", "meta", *self.instance.project.text_fields}:
            raise forms.ValidationError(f"“{name}” is a column of exports. Choose another name.")
        others = self.instance.project.questions.exclude(pk=self.instance.pk)
        if others.filter(name=name).exists():
            raise forms.ValidationError("Another question has this name.")
        return name


class LabelForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Label
        fields = ("name", "description", "hotkey", "color", "position")

    def __init__(self, *args: Any, question: Question, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.question = question
        self.fields["position"].required = False

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = self.instance.question.labels.exclude(pk=self.instance.pk)
        if others.filter(name=name).exists():
            raise forms.ValidationError("Another label of this question has this name.")
        return name

    def clean_hotkey(self) -> str:
        key: str = self.cleaned_data["hotkey"].lower()
        if key and (not key.isascii() or not key.isalnum() or key in NO_KEYS):
            raise forms.ValidationError(
                "A key is 1 to 9 or a letter other than s, z, f, h and u, which the page uses."
            )
        others = self.instance.question.labels.exclude(pk=self.instance.pk)
        if key and others.filter(hotkey__iexact=key).exists():
            raise forms.ValidationError("Another label of this question has this key.")
        return key

    def clean_color(self) -> str:
        color: str = self.cleaned_data["color"]
        if color and not (color.isascii() and color.isdecimal() and int(color) < 360):  # noqa: PLR2004
            raise forms.ValidationError("A hue is a number from 0 to 359.")
        return color

    def clean_position(self) -> int:
        position: int | None = self.cleaned_data["position"]
        return self.instance.question.labels.count() if position is None else position


class InviteForm(forms.ModelForm):  # type: ignore[type-arg]
    days = forms.IntegerField(min_value=1, max_value=90, initial=7, label="Valid for days")

    class Meta:
        model = Invite
        fields = ("role", "uses_left", "note")
        labels: ClassVar[dict[str, str]] = {"uses_left": "For how many people"}

    def clean_uses_left(self) -> int:
        uses: int = self.cleaned_data["uses_left"]
        if not 1 <= uses <= 1000:  # noqa: PLR2004
            raise forms.ValidationError("Between 1 and 1,000 people.")
        return uses


class RoleForm(forms.ModelForm):  # type: ignore[type-arg]
    role = forms.ChoiceField(choices=Role.choices)

    class Meta:
        model = Membership
        fields = ("role",)
