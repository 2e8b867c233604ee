from __future__ import annotations

from typing import Any

from django import forms

from corpus.checks import shown
from corpus.formats import FORMATS, WRITABLE, format_of
from corpus.mapping import IGNORE, META, UNRESOLVED, BadMapping, Mapping, Names, Pairs
from corpus.models import BadRows, Import
from corpus.receiving import Preview, mapping_of

EXAMPLES = 3
BY_NAME = ("", "As the file's name says")


class UploadForm(forms.Form):
    file = forms.FileField(
        max_length=255, help_text="CSV, JSON, JSON Lines or plain text, in UTF-8."
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


class ColumnsForm(forms.Form):
    """What each column of a file is for; as the columns' names suggest until somebody says so."""

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
        for place, column in enumerate(preview.columns):
            self.fields[f"column-{place}"] = forms.ChoiceField(
                choices=uses(mapping.names, column),
                initial=mapping.targets_of(column)[0],
                label=column,
            )

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


def uses(names: Names, column: str) -> list[tuple[str, Any]]:
    """What a column can be used as, grouped for a select."""
    meta = column if column.startswith(META) else META + column
    predictions = [
        (f"prediction.{question}{part}", f"{words} for {question}")
        for question in names.questions
        for part, words in (("", "Label"), (".score", "Score"), (".model", "Model"))
    ]
    return [
        ("Text", [(field, field) for field in names.text_fields]),
        ("Answer to", [(question, question) for question in names.questions]),
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


class ExportForm(forms.Form):
    format = forms.ChoiceField(initial="csv")
    with_splits = forms.BooleanField(
        required=False,
        label="With a column for the split",
        help_text="Training, test or calibration, as a dataset version has it.",
    )
    spreadsheet_safe = forms.BooleanField(
        required=False,
        label="Safe to open in a spreadsheet",
        help_text="CSV only: cells that a spreadsheet would run as a formula get an apostrophe. "
        "Such a file cannot be imported again unchanged.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = [(each.name, each.title) for each in WRITABLE.values()]
        self.fields["format"].choices = every  # type: ignore[attr-defined]


class FreezeForm(forms.Form):
    comment = forms.CharField(
        required=False, max_length=500, help_text="What is new, or what it is for."
    )
