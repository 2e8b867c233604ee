"""What goes into a dataset version: documents, answers and splits, as a recipe asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.db.models import Min

from corpus.contents import Contents, Told
from corpus.models import DatasetVersion
from corpus.record import Record
from corpus.versions.canonical import Definitions
from corpus.versions.card import Facts
from corpus.versions.recipe import Recipe, answers_of, documents_of
from labeling.models import Annotation
from projects.models import Project
from projects.models.document import BLIND_SPLITS, Document, blind

IMPORTED = "imported"
"""The pseudonym of answers that came with a file."""


class Gathering:
    """The documents of a version while they pass, and the facts that its card tells of them.

    Read it in a snapshot. `people`: pseudonym to the id of a user, where everyone's answers are
    wanted.
    """

    def __init__(self, project: Project, recipe: Recipe) -> None:
        self.recipe = recipe
        self.only = answers_of(recipe)
        self.contents = Contents(project, documents_of(project, recipe), self.only)
        self.facts = Facts(self.contents)
        self.people = pseudonyms(project) if recipe.everyone else {}
        self._names: dict[int | None, str] = {pk: name for name, pk in self.people.items()}
        blind_ones = project.documents.published().filter(blind())
        self._blind_texts = frozenset(blind_ones.values_list("text_hash", flat=True))

    def definitions(self) -> Definitions:
        return replace(self.contents.definitions(), people=self.recipe.everyone)

    def records(self) -> Iterator[Record]:
        for chunk in self.contents.chunks():
            kept = [told for told in self.contents.told(chunk) if self._is_wanted(told)]
            self.facts.note(kept, self.only)
            for told in kept:
                yield self._record(told)

    def _is_wanted(self, told: Told) -> bool:
        document, people, record = told.document, told.people, told.record
        if not (any(one.picks for one in people) if self.recipe.everyone else record.answers):
            return False
        agreed = self.recipe.filters.get("agreed")
        if agreed and (record.unresolved or not record.answers):
            return False
        if agreed == "all" and not is_unanimous(told):
            return False
        if document.split not in BLIND_SPLITS and document.text_hash in self._blind_texts:
            # Whoever learned it would know the answer to a question of the exam.
            self.facts.equal_to_blind += 1
            return False
        return True

    def _record(self, told: Told) -> Record:
        split = split_of(told.document, self.recipe.validation)
        if not self.recipe.everyone:
            return replace(told.record, split=split)
        said = self.contents.said(told)
        people = {
            self._names.get(one.annotator, IMPORTED): answers
            for one, answers in zip(told.people, said, strict=True)
        }
        return replace(told.record, split=split, people=people)


def is_unanimous(told: Told) -> bool:
    """Whether several people answered the document, and all of them the same."""
    first, *others = (one.picks for one in told.people)
    return bool(others) and all(each == first for each in others)


def split_of(document: Document, validation: int) -> str:
    """Where it goes. `validation`: percent of what would be for training.

    By the hash of the text: equal texts go together, a document stays where it is in the next
    version, and a larger share only adds to a smaller one. Other digits than those that halve the
    blind documents. What came with a split keeps it.
    """
    if document.split != "train" or document.imported_split:
        return document.split
    return "validation" if int(document.text_hash[8:16], 16) % 100 < validation else "train"


def pseudonyms(project: Project) -> dict[str, int]:
    """A name for each person who answers count of, in the order of their first answers.

    Whoever had one in an earlier version keeps it.
    """
    names: dict[str, int] = {}
    versions = DatasetVersion.objects.filter(project=project)
    for earlier in versions.values_list("people", flat=True):
        names.update(earlier)
    counted = Annotation.objects.in_project(project).counted().exclude(annotator=None)
    first = counted.order_by().values("annotator").annotate(first=Min("pk")).order_by("first")
    known = set(names.values())
    for person in first.values_list("annotator", flat=True):
        if person not in known:
            names[f"a{len(names) + 1}"] = person
    return names
