"""A project's documents and answers as records, in chunks, in the order they came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from django.db.models import Count, Max, Q

from corpus.models import Import, ImportState
from corpus.record import Answer, Layout, QuestionColumn, Record, SpanValue
from corpus.versions.canonical import Definitions, LabelDefinition, QuestionDefinition
from labeling.models import Annotation
from labeling.resolved import Given, Picks, given_answers, resolve
from labeling.spans import Span
from projects.models import Document, Label, Project, Question, QuestionKind
from projects.models.document import DocumentQuerySet

CHUNK = 500


class Told(NamedTuple):
    """A document, what each person said about it, and the record that comes of that.

    `names`: of labels, by id.
    """

    document: Document
    people: Sequence[Given]
    record: Record
    names: Mapping[int, str]


class Contents:
    """The documents that are in the project at this moment; half an import is not among them."""

    def __init__(
        self,
        project: Project,
        documents: DocumentQuerySet | None = None,
        only: Q = Q(),  # noqa: B008 - it is never changed
    ) -> None:
        """`documents`: only these, of the published ones; `only` narrows the annotations."""
        self.project = project
        self.only = only
        self.questions = {question.pk: question for question in project.questions.usable()}
        last = project.documents.aggregate(last=Max("pk"))["last"] or 0
        half = Import.objects.filter(project=project, state=ImportState.PUBLISHING)
        batches = list(half.values_list("batch", flat=True))
        chosen = project.documents.all() if documents is None else documents
        self.documents: DocumentQuerySet = chosen.published().filter(pk__lte=last)
        if batches:
            self.documents = self.documents.exclude(batch__in=batches)

    def count(self) -> int:
        return self.documents.count()

    def definitions(self) -> Definitions:
        """Text fields, questions and labels, without what only looks."""
        questions = self.project.questions.prefetch_related("labels")
        return Definitions(
            text_fields=tuple(self.project.text_fields),
            questions=tuple(_definition(question) for question in questions),
        )

    def meta_keys(self) -> tuple[str, ...]:
        """Every key of the documents' metadata, sorted."""
        keys: set[str] = set()
        rows = self.documents.order_by().values_list("meta", flat=True)
        for meta in rows.iterator(chunk_size=CHUNK):
            keys.update(meta)
        return tuple(sorted(keys))

    def may_lack_answers(self) -> bool:
        """Whether a document may be answered and yet have a required question without a result.

        It follows from how the project is set up, so that the columns do not come and go with
        the answers; and from answers that came before it was set up so.
        """
        required = [question for question in self.questions.values() if question.required]
        if len(required) > 1 or self.project.overlap > 1:
            return True
        counted = Annotation.objects.in_project(self.project).counted().order_by()
        several = counted.values("document").annotate(people=Count("pk")).filter(people__gt=1)
        return several.exists()

    def layout(self) -> Layout:
        """The columns of a file of these documents."""
        return Layout(
            text_fields=tuple(self.project.text_fields),
            questions=tuple(
                QuestionColumn(question.name, question.multiple, question.kind)
                for question in self.questions.values()
            ),
            meta_keys=self.meta_keys(),
            unresolved=self.may_lack_answers(),
        )

    def records(self) -> Iterator[Record]:
        for chunk in self.chunks():
            yield from self.records_of(chunk)

    def chunks(self) -> Iterator[list[Document]]:
        last = 0
        while chunk := list(self.documents.filter(pk__gt=last).order_by("pk")[:CHUNK]):
            yield chunk
            last = chunk[-1].pk

    def records_of(self, chunk: Sequence[Document]) -> Iterator[Record]:
        """A record for each of these documents."""
        return (told.record for told in self.told(chunk))

    def told(self, chunk: Sequence[Document]) -> Iterator[Told]:
        given = given_answers(self.project, [document.pk for document in chunk], self.only)
        labels = Label.objects.filter(question__in=self.questions)
        names = dict(labels.values_list("pk", "name"))
        several = {pk: question.takes_several for pk, question in self.questions.items()}
        for document in chunk:
            people = given.get(document.pk, [])
            resolved = resolve(people, several=several)
            record = Record(
                external_id=document.external_id,
                texts=document.texts,
                meta=document.meta,
                split=document.split,
                answers=self._answers(resolved, names),
                unresolved=self._unresolved(people, resolved, names),
            )
            yield Told(document, people, record, names)

    def said(self, told: Told) -> list[dict[str, Answer]]:
        """What each person answered, in their order."""
        return [self._answers(one.picks, told.names) for one in told.people]

    def _answers(self, said: Mapping[int, Picks], names: Mapping[int, str]) -> dict[str, Answer]:
        """By the names of questions and labels."""
        return {
            self.questions[pk].name: _named(picks, names)
            for pk, picks in said.items()
            if pk in self.questions
        }

    def _unresolved(
        self,
        people: Sequence[Given],
        resolved: Mapping[int, Picks],
        names: Mapping[int, str],
    ) -> dict[str, tuple[Answer, ...]]:
        """What each person said about the questions that have no result.

        Of an answered document that holds every required question, also those nobody was asked.
        """
        unresolved: dict[str, tuple[Answer, ...]] = {}
        for pk, question in self.questions.items():
            said = tuple(_named(person.picks[pk], names) for person in people if pk in person.picks)
            if pk not in resolved and (said or (question.required and resolved)):
                unresolved[question.name] = said
        return unresolved


def _named(picks: Picks, names: Mapping[int, str]) -> Answer:
    """Names of labels, or spans, each in order."""
    labels = sorted(names[pick] for pick in picks if isinstance(pick, int))
    return (*labels, *sorted(_span(pick, names) for pick in picks if isinstance(pick, Span)))


def _span(span: Span, names: Mapping[int, str]) -> SpanValue:
    return SpanValue(span.field, span.start, span.end, names[span.label])


def _definition(question: Question) -> QuestionDefinition:
    return QuestionDefinition(
        name=question.name,
        kind=question.kind,
        multiple=question.multiple,
        required=question.required,
        overlapping=question.overlapping and question.kind == QuestionKind.SPAN,
        labels=tuple(
            LabelDefinition(label.name, label.description) for label in question.labels.all()
        ),
    )
