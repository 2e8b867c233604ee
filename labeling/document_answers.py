"""What people said about one document, side by side, and what they agree on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from labeling.chosen import questions_of
from labeling.drawing import Mark
from labeling.items import Pick, pick_of
from labeling.label_by_model import model_answers
from labeling.models import Annotation, AnnotationState, Answer, Event, EventKind, Origin
from labeling.resolved import Given, resolve
from labeling.skip import SkipReason
from labeling.spans import Span, quote_of
from projects.models import Document, DocumentState, Question

NOT_SHOWN = (AnnotationState.UNDONE,)


@dataclass(frozen=True, slots=True)
class Item:
    """One label that was chosen, with how it came to be."""

    label: int
    name: str
    quote: str
    origin: str
    suggested: str
    model_version: str

    @property
    def how(self) -> str:
        """Such as: as suggested with 81% (MiniLM live 1.12)."""
        version = f"({self.model_version})" if self.model_version else ""
        return " ".join(filter(None, [self.origin.lower(), self.suggested, version]))


@dataclass(frozen=True, slots=True)
class Said:
    """The answer to one question; `items` empty: none of these."""

    question: str
    items: list[Item]
    is_resolved: bool = True

    @property
    def how(self) -> str:
        """How all items came to be, where that is one and the same; else each says it."""
        ways = {item.how for item in self.items}
        return ways.pop() if len(ways) == 1 and len(self.items) > 1 else ""


@dataclass(frozen=True, slots=True)
class PersonAnswer:
    """Everything one person, or an import, said about the document."""

    annotation: Annotation
    who: str
    said: list[Said]
    reason: str
    note: str
    guideline: int | None
    corrected_by: str
    picks: list[Span]
    client_id: UUID = field(default_factory=uuid4)
    """Of what an owner may do to it: sent twice, done once."""

    @property
    def is_submitted(self) -> bool:
        return self.annotation.state == AnnotationState.SUBMITTED

    @property
    def is_withdrawn(self) -> bool:
        return self.annotation.state == AnnotationState.WITHDRAWN

    @property
    def is_skip(self) -> bool:
        return self.annotation.state == AnnotationState.SKIPPED

    @property
    def seconds(self) -> float | None:
        """The time it took, where it was measured."""
        return round(self.annotation.active_ms / 1000, 1) if self.annotation.active_ms else None


@dataclass(frozen=True, slots=True)
class ByModel:
    """What a model answers while no person does."""

    version: str
    said: list[Said]
    spans: list[Span]


@dataclass(frozen=True, slots=True)
class Answers:
    resolved: list[Said]
    resolved_spans: list[Span]
    people: list[PersonAnswer]
    names: Mapping[int, str]
    by_model: ByModel | None = None

    @property
    def has_spans(self) -> bool:
        return any(person.picks for person in self.people)


def answers_about(document: Document) -> Answers:
    """The answers about a document: the resolved one, then each person's. Five queries, and where
    a model labels it three more.
    """
    questions = questions_of(document.project)
    names = {label.pk: label.name for question in questions for label in question.labels.all()}
    annotations = list(
        document.annotations.exclude(state__in=NOT_SHOWN)
        .select_related("annotator", "last_event__guideline", "last_event__actor")
        .prefetch_related("answers__label")
        .order_by("pk")
    )
    # What counts comes first.
    annotations.sort(key=lambda annotation: (not _counts(annotation), annotation.pk))
    people = [_person(annotation, questions, names) for annotation in annotations]
    given = [_given(annotation) for annotation in annotations if _counts(annotation)]
    resolved = resolve(given, several={each.pk: each.takes_several for each in questions})
    return Answers(
        resolved=_resolved(document, questions, given, resolved),
        resolved_spans=_spans(pick for picks in resolved.values() for pick in picks),
        people=people,
        names=names,
        by_model=_by_model(document, questions),
    )


def _by_model(document: Document, questions: Sequence[Question]) -> ByModel | None:
    if document.state != DocumentState.MODEL:
        return None
    given = model_answers(document.project, [document.pk]).get(document.pk, {})
    answers = {pk: frozenset(one.picks) for pk, one in given.items()}
    version = next((one.model_version for one in given.values()), "")
    said = [
        Said(one.shown_title, _resolved_items(document, one, answers[one.pk]))
        for one in questions
        if one.pk in answers
    ]
    return ByModel(version, said, _spans(pick for picks in answers.values() for pick in picks))


def marks_in(field: str, spans: Iterable[Span], names: Mapping[int, str]) -> list[Mark]:
    """The spans of one text, to be drawn into it."""
    return [
        Mark(span.start, span.end, span.label, names.get(span.label, "gone"))
        for span in spans
        if span.field == field
    ]


def _counts(annotation: Annotation) -> bool:
    return annotation.state == AnnotationState.SUBMITTED and not annotation.surplus


def _given(annotation: Annotation) -> Given:
    picks: dict[int, set[Pick]] = {pk: set() for pk in annotation.answered_questions}
    for answer in annotation.answers.all():
        picks.setdefault(answer.question_id, set()).add(pick_of(answer))
    return Given(annotation.annotator_id, {pk: frozenset(of) for pk, of in picks.items()})


def _person(
    annotation: Annotation, questions: Sequence[Question], names: Mapping[int, str]
) -> PersonAnswer:
    event = annotation.last_event
    payload = event.payload if event else {}
    reason = payload.get("reason", "")
    if annotation.state == AnnotationState.SKIPPED and reason in SkipReason.values:
        reason = SkipReason(reason).label
    answers = list(annotation.answers.all())
    return PersonAnswer(
        annotation=annotation,
        who=annotation.annotator.shown_name if annotation.annotator else "Import",
        said=[
            Said(
                question.shown_title,
                [_item(each, names) for each in answers if each.question_id == question.pk],
            )
            for question in questions
            if question.pk in annotation.answered_questions
        ],
        reason=reason if event and event.kind in {EventKind.SKIP, EventKind.WITHDRAW} else "",
        note=payload.get("note", ""),
        guideline=event.guideline.number if event and event.guideline else None,
        corrected_by=_corrector(event),
        picks=_spans(pick_of(answer) for answer in answers),
    )


def _corrector(event: Event | None) -> str:
    """Who put what stands now in the place of the person's own answer, if somebody did."""
    if event is None or event.actor is None or event.kind != EventKind.REVISE:
        return ""
    by_owner = event.annotator_id is not None or event.payload.get("imported")
    return event.actor.shown_name if by_owner else ""


def _item(answer: Answer, names: Mapping[int, str]) -> Item:
    return Item(
        label=answer.label_id or 0,
        name=answer.label.name if answer.label else "",
        quote=answer.quote,
        origin=answer.get_origin_display(),
        suggested=_suggested(answer, names),
        model_version=answer.model_version,
    )


def _suggested(answer: Answer, names: Mapping[int, str]) -> str:
    """How sure the model was, and where the person chose otherwise also of what."""
    item = answer.suggested or {}
    if item.get("score") is None or answer.origin not in {Origin.ACCEPTED, Origin.CHANGED}:
        return ""
    sure = f"{item['score']:.0%}"
    if answer.origin == Origin.ACCEPTED:
        return f"with {sure}"
    return f"({names.get(item['label'], 'gone')}, {sure})"


def _resolved(
    document: Document,
    questions: Sequence[Question],
    given: Sequence[Given],
    resolved: Mapping[int, frozenset[Pick]],
) -> list[Said]:
    """Every question that somebody answered: what a majority holds, or that there is none."""
    answered = {question for person in given for question in person.picks}
    return [
        Said(
            question.shown_title,
            _resolved_items(document, question, resolved.get(question.pk, frozenset())),
            is_resolved=question.pk in resolved,
        )
        for question in questions
        if question.pk in answered
    ]


def _resolved_items(document: Document, question: Question, picks: frozenset[Pick]) -> list[Item]:
    names = {label.pk: label.name for label in question.labels.all()}
    spans = sorted(pick for pick in picks if isinstance(pick, Span))
    labels = [pk for pk in names if pk in picks]
    return [
        Item(span.label, names.get(span.label, "gone"), quote_of(span, document.texts), "", "", "")
        for span in spans
    ] + [Item(pk, names[pk], "", "", "", "") for pk in labels]


def _spans(picks: Iterable[Pick]) -> list[Span]:
    return [pick for pick in picks if isinstance(pick, Span)]
