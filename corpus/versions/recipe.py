"""What is asked of a dataset version: which documents, whose answers, how they are split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db.models import Q

from corpus.exports.filters import by_name as one_by_name
from corpus.models import Answers
from labeling import matching
from labeling.matching import IMPORT, BadFilter, Filters, Words
from projects.models import DocumentState, Project
from projects.models.document import DocumentQuerySet, blind

KEYS = ("state", "annotators", "blind", "since", "until", "agreed")
STATES = {"done": "documents that are done"}
BLINDNESS = {"without": "without blind documents", "only": "only blind documents"}
AGREEMENTS = {
    "yes": "every question that was answered has a result",
    "all": "several people answered, and all said the same",
}
CHOICES: dict[str, Mapping[str, str]] = {
    "state": STATES,
    "blind": BLINDNESS,
    "agreed": AGREEMENTS,
}
USUAL_VALIDATION, MOST_VALIDATION = 10, 30
"""Percent of the training documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """`filters`: of `KEYS`, where annotators are ids with commas between them.

    `validation`: percent of the training documents. `answers`: see `Answers`.
    """

    filters: Filters = field(default_factory=dict)
    validation: int = 0
    answers: str = Answers.RESOLVED

    @property
    def everyone(self) -> bool:
        return self.answers == Answers.EVERYONE

    @property
    def annotators(self) -> list[str]:
        return [each for each in self.filters.get("annotators", "").split(",") if each]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "filters": dict(self.filters)}


def recipe_of(stored: Mapping[str, Any]) -> Recipe:
    """The other way round of `as_json`; versions from before there were recipes have the plain."""
    return Recipe(**stored)


def checked(recipe: Recipe, project: Project) -> Recipe:
    """With only the filters that narrow. Raises BadFilter."""
    filters = {key: value for key, value in recipe.filters.items() if value}
    for key, value in filters.items():
        if key not in KEYS:
            raise BadFilter(f"There is no filter “{key}”. Known: {', '.join(KEYS)}.")
        if key in CHOICES and value not in CHOICES[key]:
            raise BadFilter(f"“{value}” is no {key}. Known: {', '.join(CHOICES[key])}.")
    recipe = replace(recipe, filters=filters)
    matching.checked(_days(filters), project)
    for annotator in recipe.annotators:
        matching.checked({"annotator": annotator}, project)
    if not 0 <= recipe.validation <= MOST_VALIDATION:
        raise BadFilter(f"Validation must be from 0 to {MOST_VALIDATION} percent.")
    if recipe.answers not in Answers.values:
        raise BadFilter(f"“{recipe.answers}” are no answers. Known: {', '.join(Answers.values)}.")
    return recipe


def by_name(filters: Filters, project: Project) -> dict[str, str]:
    """The same with ids of people where a command names them. Raises BadFilter."""
    names = [name.strip() for name in filters.get("annotators", "").split(",") if name.strip()]
    ids = [one_by_name({"annotator": name}, project)["annotator"] for name in names]
    return {**filters, "annotators": ",".join(ids)}


def documents_of(project: Project, recipe: Recipe) -> DocumentQuerySet:
    """The documents that may be in the version, as far as the database can tell."""
    documents: DocumentQuerySet = project.documents.all()
    if recipe.filters.get("state"):
        documents = documents.filter(state=DocumentState.DONE)
    match recipe.filters.get("blind"):
        case "only":
            documents = documents.filter(blind())
        case "without":
            documents = documents.not_blind()
    return documents


def answers_of(recipe: Recipe) -> Q:
    """Of annotations: those that the version is made of."""
    wanted = matching.of_answers(_days(recipe.filters))
    if recipe.annotators:
        people = [int(each) for each in recipe.annotators if each != IMPORT]
        imported = Q(annotator=None) if IMPORT in recipe.annotators else Q()
        wanted &= Q(annotator__in=people) | imported
    return wanted


def in_words(recipe: Recipe, words: Words | None) -> list[str]:
    """A phrase for each filter; without `words` people are counted and not named."""
    filters = recipe.filters
    said = [CHOICES[key][filters[key]] for key in CHOICES if filters.get(key)]
    if recipe.annotators:
        said.insert(0, f"only answers of {_people(recipe, words)}")
    return said + [matching.PHRASES[key].format(day) for key, day in _days(filters).items()]


def _people(recipe: Recipe, words: Words | None) -> str:
    if words is None:
        n = len(recipe.annotators)
        return f"{n} people" if n > 1 else "one person"
    names = {IMPORT: "imports", **words.people}
    return ", ".join(names.get(each, "somebody who is gone") for each in recipe.annotators)


def _days(filters: Filters) -> dict[str, str]:
    return {key: filters[key] for key in ("since", "until") if filters.get(key)}
