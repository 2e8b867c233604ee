from __future__ import annotations

from typing import Any

from django import forms

from corpus.cells import dumps
from corpus.checks import shown
from corpus.formats import FORMATS, format_of
from corpus.formats.options import Option
from corpus.imports.first_rows import DrawnRow, drawn_rows
from corpus.imports.mapping import IGNORE, META, UNRESOLVED, BadMapping, Mapping, Names, Pairs
from corpus.imports.receiving import Preview, mapping_of
from corpus.imports.staging import asked_of
from corpus.imports.suggesting import suggested
from corpus.models import BadRows, Import

EXAMPLES = 3
OPTION = "option-"
BY_NAME = ("", "As the file's name says")


class UploadForm(forms.Form):
    file = forms.FileField(
        max_length=255, help_text="CSV, JSON, JSON Lines, CoNLL or plain text, in UTF-8."
    )
    format = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = [(each.name, each.title) for each in FORMATS.values()]
        self.fields["format"].choices = [BY_NAME, *every]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        file = cleaned.get("file")
        if file and not cleaned.get("format"):
            guessed = format_of(file.name)
            if guessed is None:
                self.add_error("format", f"The name {shown(file.name)} does not tell. Choose one.")
            else:
                cleaned["format"] = guessed.name
        return cleaned


class ReadingForm(forms.Form):
    """How the format of a file is to be read. `read_as` is what the page has shown."""

    read_as = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, source: Import, data: Any = None) -> None:
        super().__init__(data)
        self.source = source
        for option in FORMATS[source.format].reading:
            value = source.options_read[option.name]
            self.fields[OPTION + option.name] = _option_field(option, value)
        self.initial["read_as"] = dumps(source.options_read)

    @property
    def options(self) -> dict[str, str]:
        """By name, once the form is valid; what was not sent is as it was."""
        return {
            name: self.cleaned_data[OPTION + name] if OPTION + name in self.data else value
            for name, value in self.source.options_read.items()
        }

    @property
    def is_changed(self) -> bool:
        """Whether the columns on the page are those of another reading."""
        return self.cleaned_data["read_as"] not in {"", dumps(self.options)}


def _option_field(option: Option, value: str) -> forms.Field:
    field: forms.Field
    if option.choices:
        field = forms.ChoiceField(required=False, choices=option.choices)
    else:
        narrow = forms.TextInput(attrs={"inputmode": "numeric", "size": 4})
        field = forms.CharField(required=False, max_length=9, widget=narrow)
    field.label, field.initial, field.help_text = option.title, value, option.help
    return field


class ColumnsForm(forms.Form):
    """What each column of a file is for; as names and contents suggest until somebody says so."""

    create_labels = forms.BooleanField(
        required=False,
        label="Create labels that do not exist yet",
        help_text="Otherwise a row with an unknown label is a bad row.",
    )
    on_bad_rows = forms.ChoiceField(
        choices=BadRows.choices,
        initial=BadRows.KEEP_GOOD,
        widget=forms.RadioSelect,
        label="If some rows are bad",
    )

    def __init__(self, source: Import, preview: Preview, data: Any = None) -> None:
        super().__init__(data)
        self.source = source
        self.preview = preview
        mapping = mapping_of(source)
        asked = asked_of(source.project, open_=True)
        self.suggested = suggested(mapping, asked, preview.columns, preview.rows)
        for place, column in enumerate(preview.columns):
            self.fields[f"column-{place}"] = forms.ChoiceField(
                choices=uses(mapping.names, column, self.suggested[column]),
                initial=self.suggested[column],
                label=column,
            )
        wanted = [asked[use] for use in self.suggested.values() if use in asked]
        self.fields["create_labels"].initial = any(not each.labels for each in wanted)

    def columns(self) -> list[tuple[forms.BoundField, str]]:
        """The choice for each column, with the column's first values."""
        return [
            (self[f"column-{place}"], examples(self.preview, column))
            for place, column in enumerate(self.preview.columns)
        ]

    @property
    def pairs(self) -> Pairs:
        """(target, column) of every column, once the form is valid."""
        return tuple(
            (self.cleaned_data[f"column-{place}"], column)
            for place, column in enumerate(self.preview.columns)
        )

    def rows(self) -> list[DrawnRow]:
        """The first rows as they would come in, by what is chosen; none if that cannot be."""
        if self.is_bound and not self.is_valid():
            return []
        pairs = self.pairs if self.is_bound else [(use, c) for c, use in self.suggested.items()]
        creating = self["create_labels"].value() in {True, "on"}
        asked = asked_of(self.source.project, open_=creating)
        try:
            mapping = mapping_of(self.source, pairs)
        except BadMapping:
            return []
        return drawn_rows(self.source.project, self.preview.rows, mapping, asked)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        try:
            check_text(mapping_of(self.source, self.pairs), self.preview.columns)
        except BadMapping as bad:
            self.add_error(None, str(bad))
        return cleaned


def check_text(mapping: Mapping, columns: list[str]) -> None:
    """Raises BadMapping if no column of the file brings any text."""
    fields = mapping.names.text_fields
    if mapping.fields_without_column(columns) == set(fields):
        raise BadMapping(f"Say which column is {shown(fields[0])}: a document needs a text.")


def uses(names: Names, column: str, suggestion: str = "") -> list[tuple[str, Any]]:
    """What a column can be used as, grouped for a select."""
    meta = column if column.startswith(META) else META + column
    if suggestion.startswith(META):
        meta = suggestion
    predictions = [
        (f"prediction.{question}{part}", f"{words} for {question}")
        for question in names.questions
        for part, words in (
            ("", "Spans" if question in names.spans else "Label"),
            (".score", "Score"),
            (".model", "Model"),
        )
    ]
    return [
        ("Text", [(field, field) for field in names.text_fields]),
        (
            "Answer to",
            [
                (question, f"{question} (spans)" if question in names.spans else question)
                for question in names.questions
            ],
        ),
        ("About the document", [("id", "Id"), ("split", "Split"), (meta, "Metadata")]),
        ("Without a majority", [(UNRESOLVED, "Opinions")]),
        ("A model's prediction", predictions),
        ("Not wanted", [(IGNORE, "Leave out")]),
    ]


def examples(preview: Preview, column: str) -> str:
    """The first values of the column, shortened."""
    values = [row.values.get(column) for row in preview.rows]
    told = dict.fromkeys(shown(value) for value in values if value not in (None, ""))
    return " · ".join(list(told)[:EXAMPLES]) or "empty in the first rows"
