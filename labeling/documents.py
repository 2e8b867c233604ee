"""The documents of a project as an owner looks through them: filtered, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Greatest, Lower, StrIndex, Substr

from labeling.chosen import questions_of
from labeling.items import Pick
from labeling.matching import BadFilter, checked, holding, matching
from labeling.models import Annotation, AnnotationState, Answer
from labeling.resolved import Given, given_answers, resolve
from labeling.spans import Span
from projects.models import Document, Project, Question
from projects.models.document import DocumentQuerySet

PAGE = 25
MOST_COUNTED = 1000
EXCERPT = 220
BEFORE_FOUND = 60
WINDOW = 100
MOST_WINDOWS = 100
"""Read in search of what people disagree about."""

SKIPPED, UNRESOLVED = "skipped", "unresolved"
STATES = {
    "": "All that are in",
    "open": "To do",
    SKIPPED: "Skipped by somebody",
    "owner": "With the owner",
    "done": "Done",
    "model": "Labelled by a model",
    "deleted": "Deleted",
    "erased": "Erased",
}
SHARED = ("label", "annotator", "arm", "split", "text")
"""Filters that mean here what they mean in exports."""

KEYS = ("state", "agreement", "id", *SHARED)


@dataclass(frozen=True, slots=True)
class Chip:
    """A label that was chosen, how often, and whether people agree on it."""

    label: int | None
    name: str
    times: int
    agreed: bool


@dataclass(frozen=True, slots=True)
class Row:
    document: Document
    excerpt: str
    chips: list[Chip]
    people: int
    skips: int
    unresolved: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the ids to go on from: `after` forwards, `before` backwards; 0: no more."""

    rows: list[Row]
    before: int
    after: int


def read_filters(values: Mapping[str, str], project: Project) -> dict[str, str]:
    """The filters that an address names. Raises BadFilter."""
    filters = {key: values[key] for key in KEYS if values.get(key)}
    if filters.get("state", "") not in STATES:
        raise BadFilter(
            f"“{filters['state']}” is no state. Known: {', '.join(filter(None, STATES))}."
        )
    if filters.get("agreement", UNRESOLVED) != UNRESOLVED:
        raise BadFilter(f"“{filters['agreement']}” is no agreement. Known: {UNRESOLVED}.")
    if any("\0" in value for value in filters.values()):
        raise BadFilter("No text holds U+0000.")
    checked({key: filters[key] for key in SHARED if key in filters}, project)
    return filters


def documents_of(project: Project, filters: Mapping[str, str]) -> DocumentQuerySet:
    """The documents that the filters leave; with `unresolved` those that may be."""
    documents = _in_state(project, filters.get("state", ""))
    documents = matching(documents, {key: filters.get(key, "") for key in SHARED})
    if wanted := filters.get("id"):
        lookup, value = holding(wanted)
        documents = documents.filter(**{f"external_id__{lookup}": value})
    if filters.get("agreement"):
        documents = documents.filter(_differs())
    return documents


def count_of(project: Project, filters: Mapping[str, str]) -> int | None:
    """How many there are, up to one more than is counted; None where that is not cheap to say."""
    if filters.get("agreement"):
        return None
    return documents_of(project, filters).order_by()[: MOST_COUNTED + 1].count()


def page_of(
    project: Project, filters: Mapping[str, str], *, after: int = 0, before: int = 0
) -> Page:
    """The page that begins after, or ends before, a document. The number of queries is fixed."""
    backwards = bool(before)
    found = list(
        _found(project, filters, start=before or after, backwards=backwards, most=PAGE + 1)
    )
    more = len(found) > PAGE
    pks = sorted(found[:PAGE])
    has_before, has_after = (more, bool(before)) if backwards else (bool(after), more)
    return Page(
        rows=_rows(project, pks, filters.get("text", "")),
        before=pks[0] if pks and has_before else 0,
        after=pks[-1] if pks and has_after else 0,
    )


def all_of(project: Project, filters: Mapping[str, str], *, most: int) -> list[int]:
    """The ids of all documents that the filters leave, at most so many."""
    return list(_found(project, filters, start=0, backwards=False, most=most))


def neighbours(
    project: Project, filters: Mapping[str, str], document: Document
) -> tuple[int | None, int | None]:
    """The ids of the documents before and after this one, in the filtered list."""
    before, after = (
        next(_found(project, filters, start=document.pk, backwards=backwards, most=1), None)
        for backwards in (True, False)
    )
    return before, after


def _in_state(project: Project, state: str) -> DocumentQuerySet:
    if state == SKIPPED:
        skipped = Annotation.objects.filter(document=OuterRef("pk"), state=AnnotationState.SKIPPED)
        return project.documents.open().filter(Exists(skipped))
    return project.documents.filter(state=state) if state else project.documents.published()


def _differs() -> Exists:
    """Whether somebody chose something that somebody else did not."""
    given = Answer.objects.filter(
        annotation__document=OuterRef("pk"),
        annotation__state=AnnotationState.SUBMITTED,
        annotation__surplus=False,
    )
    # Sums, so that no database takes the index of all answers with the label.
    same = (
        Answer.objects.alias(chosen=F("label_id") + 0, begin=F("start") + 0)
        .filter(annotation=OuterRef("pk"), chosen=OuterRef(OuterRef("label_id")))
        .filter(field=OuterRef(OuterRef("field")))
        .filter(
            Q(begin=OuterRef(OuterRef("start")), end=OuterRef(OuterRef("end")))
            | Q(start=None, end=None)
        )
    )
    without = Annotation.objects.counted().filter(
        ~Exists(same), document=OuterRef("annotation__document")
    )
    return Exists(given.filter(Exists(without)))


def _found(
    project: Project, filters: Mapping[str, str], *, start: int, backwards: bool, most: int
) -> Iterator[int]:
    """Ids from a document on, at most so many."""
    documents = documents_of(project, filters).order_by("-pk" if backwards else "pk")
    if not filters.get("agreement"):
        yield from _from(documents, start, backwards=backwards)[:most]
        return
    several = {question.pk: question.takes_several for question in project.questions.all()}
    found = 0
    for _ in range(MOST_WINDOWS):
        window = list(_from(documents, start, backwards=backwards)[:WINDOW])
        given = given_answers(project, window)
        for pk in window:
            if _is_unresolved(given.get(pk, []), several):
                found += 1
                yield pk
                if found == most:
                    return
        if len(window) < WINDOW:
            return
        start = window[-1]


def _from(documents: DocumentQuerySet, start: int, *, backwards: bool) -> Any:
    if start:
        documents = documents.filter(**{"pk__lt" if backwards else "pk__gt": start})
    return documents.values_list("pk", flat=True)


def _is_unresolved(people: Sequence[Given], several: Mapping[int, bool]) -> bool:
    answered = {question for person in people for question in person.picks if question in several}
    return bool(answered - resolve(people, several=several).keys())


def _rows(project: Project, pks: Sequence[int], text: str) -> list[Row]:
    """Four queries, however many."""
    questions = questions_of(project)
    several = {question.pk: question.takes_several for question in questions}
    given = given_answers(project, pks)
    skips = dict(
        Annotation.objects.filter(document__in=pks, state=AnnotationState.SKIPPED)
        .order_by()
        .values_list("document")
        .annotate(n=Count("pk"))
    )
    return [
        Row(
            document=document,
            excerpt=_excerpt(document),
            chips=_chips(given.get(document.pk, []), questions),
            people=len(given.get(document.pk, [])),
            skips=skips.get(document.pk, 0),
            unresolved=_is_unresolved(given.get(document.pk, []), several),
        )
        for document in _with_excerpt(project, text).filter(pk__in=pks).order_by("pk")
    ]


def _with_excerpt(project: Project, text: str) -> DocumentQuerySet:
    """Documents with the beginning of their first text, or what surrounds the words looked for."""
    first = KeyTextTransform(project.text_fields[0], "texts")
    found = StrIndex(Lower(first), Lower(Value(text))) if text else Value(0)
    return (
        project.documents.defer("texts", "meta")
        .annotate(found=found)
        .annotate(excerpt=Substr(first, Greatest(F("found") - BEFORE_FOUND, 1), EXCERPT))
    )


def _excerpt(document: Any) -> str:
    words = " ".join((document.excerpt or "").split())
    head = "…" if document.found > BEFORE_FOUND + 1 else ""
    return f"{head}{words}{'…' if len(document.excerpt or '') == EXCERPT else ''}"


def _chips(people: Sequence[Given], questions: Sequence[Question]) -> list[Chip]:
    """What people chose, question by question: what they agree on first."""
    chips: list[Chip] = []
    for question in questions:
        answers = [person.picks[question.pk] for person in people if question.pk in person.picks]
        names = {label.pk: label.name for label in question.labels.all()}
        resolved = resolve(people, several={question.pk: question.takes_several}).get(question.pk)
        shown = resolved if resolved is not None else [pick for of in answers for pick in of]
        times = Counter(_label_of(pick) for pick in shown)
        agreed = resolved is not None
        chips += [
            Chip(pk, names.get(pk, "gone"), n, agreed=agreed)
            for pk, n in sorted(times.items(), key=lambda each: -each[1])
        ]
    return chips or ([Chip(None, "None of these", 1, agreed=True)] if people else [])


def _label_of(pick: Pick) -> int:
    return pick.label if isinstance(pick, Span) else pick
