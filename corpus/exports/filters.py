"""Which documents and answers an export holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q

from corpus.record import SPLITS, Record
from labeling import matching
from labeling.matching import OF_ANSWERS, BadFilter, Filters, Words
from projects.models import Label, Project, User
from projects.models.document import DocumentQuerySet

AGREED = "agreed"
"""Whether people agree: "yes" every question that was answered has a result, "no" one has none."""

AGREEMENTS = {"yes": "people agree", "no": "people disagree"}
OF_DATASETS = ("split",)


def checked(values: Filters, project: Project) -> dict[str, str]:
    """The filters that narrow an export of the project. Raises BadFilter."""
    rest = dict(values)
    agreed = rest.pop(AGREED, "")
    if agreed and agreed not in AGREEMENTS:
        raise BadFilter(f"“{agreed}” is no {AGREED}. Known: {', '.join(AGREEMENTS)}.")
    filters = matching.checked(rest, project)
    return {**filters, AGREED: agreed} if agreed else filters


def checked_for_dataset(values: Filters) -> dict[str, str]:
    """The filters that narrow a dataset version. Raises BadFilter."""
    filters = {key: value for key, value in values.items() if value}
    for key, value in filters.items():
        if key not in OF_DATASETS:
            raise BadFilter(f"A dataset version knows no {key}, only {', '.join(OF_DATASETS)}.")
        if value not in SPLITS:
            raise BadFilter(f"“{value}” is no {key}. Known: {', '.join(SPLITS)}.")
    return filters


def by_name(values: Filters, project: Project) -> dict[str, str]:
    """The same with ids of rows where a command names a label or a person. Raises BadFilter."""
    filters = dict(values)
    if label := filters.get("label"):
        question, _, name = label.rpartition("/")
        labels = Label.objects.filter(question__project=project, name=name)
        labels = labels.filter(question__name=question) if question else labels
        if labels.count() > 1:
            raise BadFilter(f"Several questions have a label “{name}”. Write question/{name}.")
        filters["label"] = str(_one(labels, f"There is no label “{label}”.").pk)
    annotator = filters.get("annotator", "")
    if annotator not in ("", matching.IMPORT):
        people = User.objects.filter(username=annotator)
        filters["annotator"] = str(_one(people, f"There is nobody called “{annotator}”.").pk)
    return filters


def _one(found: Any, otherwise: str) -> Any:
    row = found.first()
    if row is None:
        raise BadFilter(otherwise)
    return row


def documents_of(project: Project, filters: Filters, *, everyone: bool) -> DocumentQuerySet:
    """The documents that the filters let through.

    Of everyone's answers, those about answers narrow the answers themselves (`answers_of`).
    """
    if everyone:
        filters = {key: value for key, value in filters.items() if key not in OF_ANSWERS}
    documents: DocumentQuerySet = project.documents.published()
    return matching.matching(documents, filters)


def answers_of(filters: Filters) -> Q:
    return matching.of_answers(filters)


def kept(records: Iterable[Record], filters: Filters, *, frozen: bool) -> Iterator[Record]:
    """What only the records themselves can show."""
    agreed, split = filters.get(AGREED), filters.get("split") if frozen else None
    for record in records:
        if split and record.split != split:
            continue
        if agreed == "yes" and (record.unresolved or not record.answers):
            continue
        if agreed == "no" and not record.unresolved:
            continue
        yield record


def in_words(filters: Filters, words: Words) -> list[str]:
    """What the filters say, a phrase for each."""
    agreed = AGREEMENTS.get(filters.get(AGREED, ""))
    return [*words.of(filters), *([agreed] if agreed else [])]
