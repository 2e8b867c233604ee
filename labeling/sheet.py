"""What the labelling page shows of one document, and of the work around it."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from labeling.chosen import questions_of
from labeling.items import Chosen, Pick, pick_of, stored_pick
from labeling.keys import keys_on_page
from labeling.models import Annotation, AnnotationState, Draft, Slot
from labeling.spans import Span, quote_of
from projects.models import Document, DocumentState, Project, Question, QuestionKind, User
from projects.models.document import HIDDEN

HISTORY = 12
EXCERPT = 80
STRIPES = 3
"""Labels whose colours a mark at the foot shows."""


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
    def is_span(self) -> bool:
        return self.kind == QuestionKind.SPAN

    @property
    def has_keyless(self) -> bool:
        """Whether labels outnumber keys, so that the likeliest have keys by their place."""
        return not all(label.key for label in self.labels)

    @property
    def hint(self) -> str:
        if self.is_span:
            return "mark at least one" if self.required else "mark any number"
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
    withdrawn: bool

    @property
    def fields(self) -> list[tuple[str, str]]:
        return self.document.fields()

    @property
    def marks_text(self) -> bool:
        return any(question.is_span for question in self.questions)

    @property
    def marks_deeply(self) -> bool:
        """Whether spans may lie over each other, so that lines need more room between them."""
        spans = [question for question in self.questions if question.is_span]
        return len(spans) > 1 or any(question.overlapping for question in spans)


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
    return _sheet(document, annotation, draft, posted)


def sheet_of(annotation: Annotation, posted: Chosen | None = None) -> Sheet:
    """The sheet of one person's standing answer, for an owner to correct."""
    return _sheet(annotation.document, annotation, None, posted)


def _sheet(
    document: Document, annotation: Annotation | None, draft: Draft | None, posted: Chosen | None
) -> Sheet:
    revising = annotation is not None and annotation.state == AnnotationState.SUBMITTED
    chosen = posted or _chosen(annotation if revising else None, draft)
    questions = questions_of(document.project)
    keys = keys_on_page(questions)
    return Sheet(
        document=document,
        questions=[_block(question, chosen, keys, document.texts) for question in questions],
        client_id=draft.client_id if draft else uuid.uuid4(),
        replaces=annotation.last_event_id if annotation else None,
        draft_sequence=draft.sequence if draft else 0,
        restored=draft is not None,
        revising=revising,
        withdrawn=annotation is not None and annotation.state == AnnotationState.WITHDRAWN,
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


def _block(
    question: Question, chosen: Chosen, keys: Mapping[int, str], texts: Mapping[str, str]
) -> QuestionBlock:
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
            for label in question.labels.all()
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
        .exclude(document__state__in=HIDDEN)
        .select_related("document")
        .prefetch_related("answers__label")
        .latest_first()[:HISTORY]
    )
    return [_mark(annotation, project) for annotation in reversed(latest)]


def _mark(annotation: Annotation, project: Project) -> HistoryMark:
    labels = [answer.label for answer in annotation.answers.all() if answer.label]
    counted = Counter(label.name for label in labels)
    first = annotation.document.texts.get(project.text_fields[0], "")
    return HistoryMark(
        document_id=annotation.document_id,
        label_ids=list(dict.fromkeys(label.pk for label in labels))[:STRIPES],
        names=", ".join(f"{name} ({n})" if n > 1 else name for name, n in counted.items()),
        skipped=annotation.state == AnnotationState.SKIPPED,
        excerpt=" ".join(first.split())[:EXCERPT],
    )


def progress_of(project: Project, annotator: User) -> Progress:
    """Documents done of all, by people or a model, and this person's own answers. Two queries."""
    done = Q(state__in=(DocumentState.DONE, DocumentState.MODEL))
    documents: dict[str, int] = project.documents.published().aggregate(
        total=Count("pk"), done=Count("pk", filter=done)
    )
    mine = Annotation.objects.in_project(project).by(annotator).submitted().count()
    return Progress(done=documents["done"], total=documents["total"], mine=mine)


def why_nothing(project: Project) -> str:
    """Why the queue has nothing for this person: archived, empty, skipped, waiting or done."""
    if project.archived_at:
        return "archived"
    published = project.documents.published()
    if not published.exists():
        return "empty"
    if Slot.objects.filter(project=project).leased().exists():
        return "waiting"
    if published.open().exists():
        return "skipped"
    return "done"
