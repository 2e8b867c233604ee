from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from projects.config import BadConfig
from projects.models import Project, Role, User
from projects.starting import BY_NAME, STARTERS, config_in, config_to_copy, free_slug

LARGEST_FILE = 5_000_000
FILE, COPY = "file", "copy"


class NewProjectForm(forms.Form):
    """Name, address and what to begin with. `config` holds the set-up once it is valid."""

    name = forms.CharField(max_length=120, label="Name")
    slug = forms.SlugField(
        max_length=60,
        required=False,
        label="Address",
        help_text="The last part of the project's address, and its name in commands. "
        "Letters, figures, - and _; it stays as it is.",
    )
    start = forms.ChoiceField(
        choices=[*((each.name, each.title) for each in STARTERS), (FILE, FILE), (COPY, COPY)],
        initial="entities",
        error_messages={"required": "Choose what to begin with."},
    )
    file = forms.FileField(required=False, label="A set-up as JSON")
    source = forms.ModelChoiceField(
        Project.objects.none(), required=False, to_field_name="slug", label="Project"
    )
    with_people = forms.BooleanField(
        required=False, label="Take its people along, with their roles"
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.config: Any = None
        self.problems: list[str] = []
        source = self.fields["source"]
        assert isinstance(source, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        source.queryset = Project.objects.for_user(user).filter(memberships__role=Role.OWNER)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        data["slug"] = data.get("slug") or free_slug(data["name"])
        if Project.objects.filter(slug=data["slug"]).exists():
            self.add_error("slug", f"A project “{data['slug']}” exists already. Choose another.")
        try:
            self.config = self._config(data)
        except BadConfig as bad:
            self.problems = bad.problems
            self.add_error(FILE, "Nothing was created: the file is not a set-up.")
        if isinstance(self.config, dict):
            self.config = {**self.config, "name": data["name"]}
        return data

    def _config(self, data: dict[str, Any]) -> Any:
        """The set-up to begin with; None, with an error beside its field, if there is none."""
        match data["start"]:
            case "file":
                return self._from_file(data.get("file"))
            case "copy" if data.get("source"):
                return config_to_copy(data["source"], with_people=data["with_people"])
            case "copy":
                self.add_error("source", "Choose the project to copy.")
                return None
            case name:
                return BY_NAME[name].config

    def _from_file(self, file: UploadedFile[Any] | None) -> Any:
        """People are left out: they join by invite, not because somebody names them."""
        if file is None:
            self.add_error(FILE, "Choose a file.")
            return None
        if (file.size or 0) > LARGEST_FILE:
            self.add_error(FILE, "At most 5 MB. A set-up holds no documents; import them later.")
            return None
        config = config_in(file.read())
        return {**config, "members": []} if isinstance(config, dict) else config
