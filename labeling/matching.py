"""Which documents are meant: what a filter says is the same for lists, acts and exports."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Substr

from labeling.chosen import MOST_DIGITS
from labeling.models import Annotation
from projects.models import DocumentState, Label, Project, User
from projects.models.document import BLIND_SHARE, DocumentQuerySet, blind

Filters = Mapping[str, str]
"""Of `KEYS`; what is absent or empty does not narrow."""

KEYS = ("state", "label", "annotator", "since", "until", "arm", "split", "text")
OF_ANSWERS = ("label", "annotator", "since", "until")
IMPORT = "import"
"""The annotator of answers that came with a file."""

STATES = {
    str(state.value): str(state.label)
    for state in (
        DocumentState.OPEN,
        DocumentState.DONE,
        DocumentState.OWNER,
        DocumentState.MODEL,
    )
}
ARMS = {"blind": "blind", "open": "open, of the reserve", "outside": "outside the reserve"}
SPLITS = ("train", "validation", "test", "calibration")
PHRASES = {
    "since": "answered on {} or later",
    "until": "answered on {} or before",
    "split": "split {}",
    "text": "with “{}” in the text",
}
BLIND_SPLITS = ("test", "calibration")
EVEN = "02468ace"


class BadFilter(Exception):
    """A filter that cannot be meant; the message says why."""


def checked(values: Filters, project: Project) -> dict[str, str]:
    """The filters that narrow. Raises BadFilter."""
    filters = {key: value for key, value in values.items() if value}
    for key, value in filters.items():
        if key not in KEYS:
            raise BadFilter(f"There is no filter “{key}”. Known: {', '.join(KEYS)}.")
        _check(key, value, project)
    since, until = filters.get("since"), filters.get("until")
    if since and until and until < since:
        raise BadFilter(f"Nothing lies between {since} and {until}. Exchange the two dates.")
    return filters


def matching(documents: DocumentQuerySet, filters: Filters) -> DocumentQuerySet:
    """These documents, narrowed. What is said of answers must hold of one that stands."""
    for key, narrow in NARROW.items():
        if value := filters.get(key):
            documents = narrow(documents, value)
    if any(filters.get(key) for key in OF_ANSWERS):
        answers = Annotation.objects.submitted().filter(of_answers(filters))
        documents = documents.filter(Exists(answers.filter(document=OuterRef("pk"))))
    return documents


def of_answers(filters: Filters) -> Q:
    """Of annotations: whose, when, and with which label."""
    wanted = Q()
    if annotator := filters.get("annotator"):
        wanted &= Q(annotator=None if annotator == IMPORT else int(annotator))
    if label := filters.get("label"):
        # Not a join: one annotation may hold the label several times.
        having = Annotation.objects.filter(pk=OuterRef("pk"), answers__label=int(label))
        wanted &= Q(Exists(having))
    if since := filters.get("since"):
        wanted &= Q(finished_at__gte=_midnight(since))
    if until := filters.get("until"):
        wanted &= Q(finished_at__lt=_midnight(until) + timedelta(days=1))
    return wanted


def in_words(filters: Filters, project: Project) -> list[str]:
    """What the filters say, a phrase for each."""
    return Words(project).of(filters)


class Words:
    """Says filters of one project in words; names are read once, whatever the number of filters."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def of(self, filters: Filters) -> list[str]:
        return [self._phrase(key, filters[key]) for key in KEYS if filters.get(key)]

    @cached_property
    def labels(self) -> dict[str, str]:
        rows = _labels(self.project).values_list("pk", "name", "question__name")
        return {str(pk): f"{name} ({question})" for pk, name, question in rows}

    @cached_property
    def people(self) -> dict[str, str]:
        return {str(person.pk): person.shown_name for person in answerers(self.project)}

    def _phrase(self, key: str, value: str) -> str:
        match key:
            case "label":
                return f"with {self.labels.get(value, 'a label that is gone')}"
            case "annotator" if value == IMPORT:
                return "with an imported answer"
            case "annotator":
                return f"answered by {self.people.get(value, 'somebody who is gone')}"
            case "state" | "arm":
                return {**STATES, **ARMS}.get(value, value).lower()
            case _:
                return PHRASES[key].format(value)


def answerers(project: Project) -> QuerySet[User]:
    """Everybody who has answered in the project, also who left it since."""
    annotations = project.annotations.filter(annotator=OuterRef("pk"))
    return User.objects.filter(Exists(annotations)).order_by("username")


def _by_state(documents: DocumentQuerySet, state: str) -> DocumentQuerySet:
    return documents.filter(state=state)


def _by_arm(documents: DocumentQuerySet, arm: str) -> DocumentQuerySet:
    return documents.filter({"blind": BLIND, "open": OPEN}.get(arm, ~BLIND & ~OPEN))


def _by_split(documents: DocumentQuerySet, split: str) -> DocumentQuerySet:
    """See `Document.split`."""
    documents = documents.alias(parity=Substr("text_hash", 8, 1))
    tossed = Q(imported_split="")
    if split == "train":
        tossed &= ~BLIND
    elif split in BLIND_SPLITS:
        even, drawn = Q(parity__in=EVEN), Q(is_drawn=True)
        tossed &= BLIND & (even & ~drawn if split == "test" else ~even | drawn)
    else:
        tossed &= Q(pk=None)
    return documents.filter(Q(imported_split=split) | tossed)


def _by_text(documents: DocumentQuerySet, text: str) -> DocumentQuerySet:
    first = documents.only("project").select_related("project").first()
    fields = first.project.text_fields if first else []
    found = Q(pk=None)
    lookup, wanted = holding(text)
    for place, field in enumerate(fields):
        documents = documents.alias(**{f"words_{place}": KeyTextTransform(field, "texts")})
        found |= Q(**{f"words_{place}__{lookup}": wanted})
    return documents.filter(found)


def holding(text: str) -> tuple[str, str]:
    """The lookup, and its value, for what holds these words in whatever case.

    SQLite knows the case of ASCII letters only; its regular expressions are Python's.
    """
    if connection.vendor == "sqlite" and not text.isascii():
        return "iregex", re.escape(text)
    return "icontains", text


# See `Document.arm`: what a file said of a document's split stands above the coins.
BLIND = blind()
OPEN = Q(imported_split="", is_drawn=False, in_reserve=True, display_coin__gte=BLIND_SHARE)
NARROW: dict[str, Callable[[DocumentQuerySet, str], DocumentQuerySet]] = {
    "state": _by_state,
    "arm": _by_arm,
    "split": _by_split,
    "text": _by_text,
}


def _check(key: str, value: str, project: Project) -> None:
    """Raises BadFilter."""
    known: dict[str, Any] = {"state": STATES, "arm": ARMS, "split": SPLITS}
    if key in known and value not in known[key]:
        raise BadFilter(f"“{value}” is no {key}. Known: {', '.join(known[key])}.")
    if key in {"since", "until"}:
        _day(value)
    if key == "label" and not _labels(project).filter(pk=_number(key, value)).exists():
        raise BadFilter(f"The project has no label {value}.")
    if key == "annotator" and value != IMPORT:
        _check_person(_number(key, value), project)


def _check_person(pk: int, project: Project) -> None:
    """Raises BadFilter."""
    if not answerers(project).filter(pk=pk).exists():
        raise BadFilter(f"Nobody with the number {pk} has answered here.")


def _labels(project: Project) -> Any:
    return Label.objects.filter(question__project=project)


def _number(key: str, value: str) -> int:
    if not value.isdecimal() or len(value) > MOST_DIGITS:
        raise BadFilter(f"“{value}” is no {key}.")
    return int(value)


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise BadFilter(f"“{value}” is no date. Write it as 2026-01-31.") from None


def _midnight(value: str) -> datetime:
    return datetime.combine(_day(value), time(), UTC)
