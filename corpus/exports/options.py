"""What somebody can ask of an export, and what of it goes together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from corpus.exports import filters as export_filters
from corpus.exports.filters import AGREED
from corpus.formats import FORMATS, WRITABLE
from corpus.formats.options import checked
from corpus.imports.mapping import RESERVED
from corpus.models import Answers, DatasetVersion, Export
from corpus.record import BadFile, Layout
from corpus.versions.recipe import recipe_of
from labeling.matching import BadFilter, Words
from projects.models import Project

TABLES = ("csv", "json", "jsonl", "conll")
"""Formats with a place for everything: splits, further columns, each person's answers."""

SPREADSHEETS = ("csv",)


class CannotExport(Exception):
    """The message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`filters`: see `export_filters`; `options`: those of the format."""

    format: str = "csv"
    answers: str = Answers.RESOLVED
    with_provenance: bool = False
    with_model_answers: bool = False
    filters: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    with_splits: bool = False
    spreadsheet_safe: bool = False


def options_of(export: Export) -> Options:
    return Options(
        format=export.format,
        answers=export.answers,
        with_provenance=export.with_provenance,
        with_model_answers=export.with_model_answers,
        filters=export.filters,
        options=export.options,
        with_splits=export.with_splits,
        spreadsheet_safe=export.spreadsheet_safe,
    )


def check(options: Options, project: Project, dataset: DatasetVersion | None = None) -> Options:
    """The options, their filters and those of the format complete. Raises CannotExport."""
    if options.format not in WRITABLE:
        raise CannotExport(f"There is no format {options.format!r}. Known: {', '.join(WRITABLE)}.")
    if options.spreadsheet_safe and options.format not in SPREADSHEETS:
        raise CannotExport("Only CSV is opened by spreadsheets and has formulas to escape.")
    if options.format not in TABLES and (unfit := unfit_for_lines(options)):
        known = ", ".join(FORMATS[name].title for name in TABLES)
        raise CannotExport(
            f"{FORMATS[options.format].title} has no place for {unfit}. Choose {known}."
        )
    if dataset:
        check_frozen(options, dataset)
    if options.with_model_answers and options.answers != Answers.RESOLVED:
        raise CannotExport(
            "What a model answers stands beside what people agree on, not beside each person."
        )
    if options.answers != Answers.RESOLVED and options.filters.get(AGREED):
        raise CannotExport("Whether people agree shows only in what they agree on, not in each.")
    try:
        if dataset:
            filters = export_filters.checked_for_dataset(options.filters)
        else:
            filters = export_filters.checked(options.filters, project)
        own = checked(options.options, FORMATS[options.format].writing)
    except BadFilter as bad:
        raise CannotExport(str(bad)) from bad
    except BadFile as bad:
        raise CannotExport(f"{bad.problem.message} {bad.problem.remedy}") from bad
    return replace(options, filters=filters, options=own)


def check_frozen(options: Options, dataset: DatasetVersion) -> None:
    """Raises CannotExport when the version does not hold what is asked for."""
    everyone = options.answers != Answers.RESOLVED
    if options.with_provenance or (everyone and not recipe_of(dataset.recipe).everyone):
        raise CannotExport(
            "A dataset version holds what people agreed on, not who said it. Export the project."
        )
    if options.with_model_answers:
        raise CannotExport("A dataset version never holds what a model answers.")


def unfit_for_lines(options: Options) -> str:
    """What is asked for that needs columns."""
    if options.answers != Answers.RESOLVED:
        return "the answers of each person"
    if options.with_provenance:
        return "where answers came from"
    if options.with_model_answers:
        return "the answers of models"
    return "splits" if options.with_splits else ""


def check_names(layout: Layout) -> None:
    """Raises CannotExport when two columns would have the same name."""
    names = [*layout.text_fields, *(question.name for question in layout.questions)]
    names += layout.extras
    clash = {name for name in names if names.count(name) > 1 or name in RESERVED}
    if clash:
        raise CannotExport(
            f"“{min(clash)}” is the name of another column in every export. "
            "Rename the question or text field."
        )


def in_words(options: Options, words: Words) -> list[str]:
    """What was asked for beyond the format, a phrase for each."""
    said = [Answers(options.answers).label.lower()]
    said += ["with provenance"] if options.with_provenance else []
    said += ["with answers of models"] if options.with_model_answers else []
    said += ["with splits"] if options.with_splits else []
    said += ["safe for spreadsheets"] if options.spreadsheet_safe else []
    for option in FORMATS[options.format].writing if options.format in FORMATS else ():
        value = options.options.get(option.name, option.default)
        if value != option.default:
            said.append(f"{option.title.lower()}: {dict(option.choices).get(value, value)}")
    return said + export_filters.in_words(options.filters, words)
