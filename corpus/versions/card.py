"""A version's data card: what is in it and how that came about, in figures and without texts."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from corpus.record import SPAN
from corpus.versions.canonical import Definitions, number_of
from corpus.versions.recipe import Recipe, in_words
from corpus.versions.release import version_of_annotate
from labeling.models import Annotation, Answer
from projects.models import Project

if TYPE_CHECKING:
    from corpus.contents import Contents, Told

FORM = 1
"""Of the card; raise it when what a name says changes."""


class Facts:
    """What only the database knows of the documents of a version, counted while they pass."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self.people: Counter[int] = Counter()
        self.pairs: Counter[str] = Counter()
        self.agreeing: Counter[str] = Counter()
        self.origins: Counter[str] = Counter()
        self.equal_to_blind = 0

    def note(self, kept: Sequence[Told], only: Q) -> None:
        """Count documents that go into the version. One query."""
        counted = Annotation.objects.counted().filter(
            only, document__in=[told.document.pk for told in kept]
        )
        items = Answer.objects.filter(annotation__in=counted).order_by()
        self.origins.update(dict(items.values_list("origin").annotate(n=Count("pk"))))
        for told in kept:
            self.people[len(told.people)] += 1
            self._note_pairs(told)

    def _note_pairs(self, told: Told) -> None:
        for pk, question in self.contents.questions.items():
            said = [one.picks[pk] for one in told.people if pk in one.picks]
            self.pairs[question.name] += len(said) * (len(said) - 1) // 2
            self.agreeing[question.name] += sum(a == b for a, b in combinations(said, 2))

    def as_json(self) -> dict[str, Any]:
        """`pairs`: of two people who answered a question about the same document."""
        return {
            "overlap": {
                "people_per_document": {str(n): self.people[n] for n in sorted(self.people)},
                "documents_with_several": sum(m for n, m in self.people.items() if n > 1),
                "agreement": [
                    {"question": name, "pairs": pairs, "agreeing": self.agreeing[name]}
                    for name, pairs in sorted(self.pairs.items())
                ],
            },
            "provenance": dict(sorted(self.origins.items())),
            "left_out_equal_to_blind": self.equal_to_blind,
        }


def card_of(
    project: Project,
    *,
    definitions: Definitions,
    counts: Mapping[str, Any],
    recipe: Recipe,
    facts: Mapping[str, Any],
    files: Mapping[str, str],
) -> dict[str, Any]:
    """What a version says of itself. `files`: name to sha256; `facts`: of `Facts`, or nothing."""
    guideline = project.guideline
    return {
        "form": FORM,
        "project": project.name,
        "license": project.data_license,
        "format": number_of(definitions),
        "guideline": guideline.number if guideline else None,
        "answers": recipe.answers,
        "filters": in_words(recipe, None),
        "validation_percent": recipe.validation,
        "text_fields": list(definitions.text_fields),
        "splits": counts["splits"],
        "questions": questions_of(definitions, counts),
        **facts,
        "files": dict(files),
        "annotate": version_of_annotate(),
    }


def questions_of(definitions: Definitions, counts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each question with its labels: what they mean and how many there are of them."""
    counted = {question["name"]: question for question in counts["questions"]}
    return [
        {
            "name": question.name,
            "kind": question.kind,
            "multiple": question.multiple,
            "required": question.required,
            "answered": sum(counted[question.name]["answered"].values()),
            "labels": [
                {
                    "name": label.name,
                    "description": label.description,
                    "count": sum(_of_label(counted[question.name], label.name).values()),
                }
                for label in question.labels
            ],
        }
        for question in definitions.questions
        if question.name in counted
    ]


def _of_label(question: Mapping[str, Any], name: str) -> Mapping[str, int]:
    return next(label["splits"] for label in question["labels"] if label["name"] == name)


def digest_of(card: Mapping[str, Any]) -> str:
    """sha256 (hex) of the card, whatever order a database gives its names back in."""
    text = json.dumps(card, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def warnings_of(counts: Mapping[str, Any]) -> list[str]:
    """What somebody who is about to train from the version should know."""
    said = []
    for question in counts.get("questions", ()):
        used = [each["name"] for each in question["labels"] if sum(each["splits"].values())]
        if len(used) == 1 and question.get("kind") != SPAN:
            said.append(
                f"“{used[0]}” is the only label that {question['name']} has here. "
                "Nothing can be learned from one label."
            )
    if counts and not _any_of(("test",), counts):
        said.append("No blind test documents: a model trained from this cannot be measured on it.")
    if counts and not _any_of(("train", "validation"), counts):
        said.append("No training documents: nothing can be learned from this.")
    return said


def _any_of(splits: Iterable[str], counts: Mapping[str, Any]) -> bool:
    return any(counts.get("splits", {}).get(split) for split in splits)
