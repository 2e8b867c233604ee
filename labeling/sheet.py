"""What the labelling page shows of one document, and of the work around it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from labeling.chosen import questions_of
from labeling.items import Chosen, Pick, pick_of, stored_pick
from labeling.keys import keys_for
from labeling.models import Annotation, AnnotationState, Draft, Slot
from labeling.spans import Span, quote_of
from projects.models import Document, DocumentState, Project, Question, User

HISTORY = 12
EXCERPT = 80


@dataclass(frozen=True, slots=True)
class LabelRow:
    id: int
    name: str
    description: str
    key: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class QuestionBlock:
    id: int
    name: str
    title: str
    kind: str
    multiple: bool
    overlapping: bool
    required: bool
    labels: list[LabelRow]
    none_chosen: bool
    spans_json: str

    @property
    def hint(self) -> str:
        return "pick any number" if self.multiple else "pick one"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One document with its questions, as this person left them."""

    document: Document
    questions: list[QuestionBlock]
    client_id: uuid.UUID
    replaces: int | None
    draft_sequence: int
    restored: bool
    revising: bool

    @property
    def fields(self) -> list[tuple[str, str]]:
        return self.document.fields()


@dataclass(frozen=True, slots=True)
class HistoryMark:
    document_id: int
    label_ids: list[int]
    names: str
    skipped: bool
    excerpt: str


@dataclass(frozen=True, slots=True)
class Progress:
    done: int
    total: int
    mine: int

    @property
    def percent(self) -> int:
        return round(100 * self.done / self.total) if self.total else 0


def sheet_for(document: Document, annotator: User, posted: Chosen | None = None) -> Sheet:
    """The sheet of a document with what was just `posted`, else a draft, else earlier answers."""
    annotation = Annotation.objects.filter(document=document, annotator=annotator).first()
    draft = Draft.objects.filter(document=document, annotator=annotator).first()
    revising = annotation is not None and annotation.state == AnnotationState.SUBMITTED
    chosen = posted or _chosen(annotation if revising else None, draft)
    return Sheet(
        document=document,
        questions=[
            _block(question, chosen, document.texts) for question in questions_of(document.project)
        ],
        client_id=draft.client_id if draft else uuid.uuid4(),
        replaces=annotation.last_event_id if annotation else None,
        draft_sequence=draft.sequence if draft else 0,
        restored=draft is not None,
        revising=revising,
    )


def _chosen(annotation: Annotation | None, draft: Draft | None) -> Chosen:
    if draft is not None:
        return {
            int(question): [stored_pick(pick) for pick in picks]
            for question, picks in draft.payload.items()
        }
    if annotation is None:
        return {}
    chosen: dict[int, list[Pick]] = {pk: [] for pk in annotation.answered_questions}
    for answer in annotation.answers.all():
        chosen.setdefault(answer.question_id, []).append(pick_of(answer))
    return chosen


def _block(question: Question, chosen: Chosen, texts: Mapping[str, str]) -> QuestionBlock:
    labels = list(question.labels.all())
    keys = keys_for(labels)
    picked = set(chosen.get(question.pk, ()))
    return QuestionBlock(
        id=question.pk,
        name=question.name,
        title=question.shown_title,
        kind=question.kind,
        multiple=question.multiple,
        overlapping=question.overlapping,
        required=question.required,
        labels=[
            LabelRow(label.pk, label.name, label.description, keys[label.pk], label.pk in picked)
            for label in labels
        ],
        none_chosen=not question.required and question.pk in chosen and not picked,
        spans_json=_spans_json(chosen.get(question.pk, ()), texts),
    )


def _spans_json(picks: Sequence[Pick], texts: Mapping[str, str]) -> str:
    """The spans as the page posts them."""
    spans = [pick for pick in picks if isinstance(pick, Span)]
    return json.dumps([{**span._asdict(), "quote": quote_of(span, texts)} for span in spans])


def history_of(project: Project, annotator: User) -> list[HistoryMark]:
    """This person's last answers and skips, the newest last. Two queries."""
    latest = (
        Annotation.objects.in_project(project)
        .by(annotator)
        .finished()
        .select_related("document")
        .prefetch_related("answers__label")
        .latest_first()[:HISTORY]
    )
    return [_mark(annotation, project) for annotation in reversed(latest)]


def _mark(annotation: Annotation, project: Project) -> HistoryMark:
    labels = [answer.label for answer in annotation.answers.all() if answer.label]
    first = annotation.document.texts.get(project.text_fields[0], "")
    return HistoryMark(
        document_id=annotation.document_id,
        label_ids=[label.pk for label in labels],
        names=", ".join(label.name for label in labels),
        skipped=annotation.state == AnnotationState.SKIPPED,
        excerpt=" ".join(first.split())[:EXCERPT],
    )


def progress_of(project: Project, annotator: User) -> Progress:
    """Documents done of all, and this person's own answers. Two queries."""
    documents: dict[str, int] = project.documents.published().aggregate(
        total=Count("pk"), done=Count("pk", filter=Q(state=DocumentState.DONE))
    )
    mine = Annotation.objects.in_project(project).by(annotator).submitted().count()
    return Progress(done=documents["done"], total=documents["total"], mine=mine)


def why_nothing(project: Project) -> str:
    """Why the queue has nothing for this person: empty, skipped, waiting or done."""
    published = project.documents.published()
    if not published.exists():
        return "empty"
    if Slot.objects.filter(project=project).leased().exists():
        return "waiting"
    if published.open().exists():
        return "skipped"
    return "done"
