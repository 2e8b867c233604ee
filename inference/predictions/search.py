"""Looking through what one version said: page by page, the newest first.

Nothing is told of blind documents, on any page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from inference.models import PROMOTABLE, ModelKind, ModelVersion, Suggestion
from labeling.document_suggestions import item_in_words
from labeling.items import Pick, pick_of
from labeling.models import Annotation
from labeling.resolved import Picks, resolved_answers
from labeling.spans import quote_of, shown
from projects.models import Document, Project, Question
from projects.models.document import HIDDEN, blind

PAGE = 25
WINDOW = 100
MOST_WINDOWS = 20
"""Read in search of answers that differ."""
EXCERPT = 220
MOST_ITEMS = 6
MOST_COUNTED = 1000
MOST_DIGITS = 18
WHOLE = 100.0


@dataclass(frozen=True, slots=True)
class Filters:
    """`least` and `most`: percent. `differs`: from the answer that people have agreed on."""

    version: ModelVersion
    label: int | None = None
    least: float = 0.0
    most: float = 100.0
    differs: bool = False
    state: str = ""

    def as_query(self) -> dict[str, str]:
        """As the address says it; what filters nothing is left out."""
        said = {
            "version": str(self.version.pk),
            "label": str(self.label or ""),
            "least": f"{self.least:g}" if self.least > 0 else "",
            "most": f"{self.most:g}" if self.most < WHOLE else "",
            "differs": "1" if self.differs else "",
            "state": self.state,
        }
        return {name: value for name, value in said.items() if value}

    @property
    def is_narrow(self) -> bool:
        return len(self.as_query()) > 1


@dataclass(frozen=True, slots=True)
class Row:
    suggestion: Suggestion
    said: list[str]
    answered: list[str] | None
    """None where nothing is resolved yet."""
    differs: bool

    best: str
    """Its likeliest label in words, also where it would not pick that; empty for none."""

    @property
    def document(self) -> Document:
        return self.suggestion.document

    @property
    def excerpt(self) -> str:
        return " ".join(self.document.model_text[: 2 * EXCERPT].split())[:EXCERPT]


@dataclass(frozen=True, slots=True)
class Page:
    """`after`: where the next page begins; 0 when this is the last one."""

    rows: list[Row]
    after: int


def versions_with_predictions(project: Project) -> QuerySet[ModelVersion]:
    """Those of which something is recorded, and those that can be asked."""
    recorded = Exists(Suggestion.objects.filter(model_version=OuterRef("pk")))
    rows = ModelVersion.objects.in_project(project).exclude(kind=ModelKind.TUNED)
    rows = rows.filter(Q(recorded) | Q(kind__in=PROMOTABLE))
    return rows.select_related("question", "project").order_by("question", "-number")


def found(filters: Filters) -> QuerySet[Suggestion]:
    """What is left of what a version said, but for `differs`, the newest first."""
    rows = _told(filters.version).exclude(blind("document__"))
    if filters.label:
        rows = rows.filter(label=filters.label)
    if filters.least > 0:
        rows = rows.filter(score__gte=filters.least / 100)
    if filters.most < WHOLE:
        rows = rows.filter(score__lte=filters.most / 100)
    if filters.state:
        rows = rows.filter(document__state=filters.state)
    if filters.differs:
        given = Annotation.objects.counted().filter(document=OuterRef("document"))
        rows = rows.filter(Exists(given))
    return rows.order_by("-pk")


def hidden_count(version: ModelVersion) -> int:
    """How much it said of blind documents; counted up to `MOST_COUNTED`."""
    return _told(version).filter(blind("document__"))[:MOST_COUNTED].count()


def page_of(project: Project, filters: Filters, *, after: int = 0) -> Page:
    """At most `PAGE` rows; where answers that differ are rare, what a search of some seconds
    found.
    """
    rows: list[Row] = []
    last = after
    for window in _windows(filters, after, size=WINDOW if filters.differs else PAGE + 1):
        for row in rows_of(project, filters.version.question, window):
            if len(rows) == PAGE:
                return Page(rows, last)
            last = row.suggestion.pk
            if row.differs or not filters.differs:
                rows.append(row)
        if not filters.differs:
            return Page(rows, 0)
        if len(window) < WINDOW:
            return Page(rows, 0)
    return Page(rows, last)


def _windows(filters: Filters, after: int, *, size: int) -> Iterator[list[Suggestion]]:
    wanted = found(filters).select_related("document")
    for _ in range(MOST_WINDOWS):
        window = list((wanted.filter(pk__lt=after) if after else wanted)[:size])
        yield window
        if not window:
            return
        after = window[-1].pk


def rows_of(project: Project, question: Question, window: Sequence[Suggestion]) -> list[Row]:
    """Each with what people say. Four queries."""
    names = dict(question.labels.values_list("pk", "name"))
    answers = resolved_answers(project, [one.document_id for one in window])
    rows = []
    for one in window:
        one.document.project = project
        answer = answers.get(one.document_id, {}).get(question.pk)
        said = [item for item in one.items if item["offered"]]
        rows.append(
            Row(
                one,
                [item_in_words(item, one.document, names) for item in said[:MOST_ITEMS]],
                None if answer is None else _words(answer, one.document, names),
                answer is not None and frozenset(map(pick_of, said)) != answer,
                item_in_words(one.items[0], one.document, names) if one.items else "",
            )
        )
    return rows


def _told(version: ModelVersion) -> QuerySet[Suggestion]:
    return Suggestion.objects.filter(model_version=version).exclude(document__state__in=HIDDEN)


def _words(answer: Picks, document: Document, names: Mapping[int, str]) -> list[str]:
    return sorted(_word(pick, document, names) for pick in answer)


def _word(pick: Pick, document: Document, names: Mapping[int, str]) -> str:
    if isinstance(pick, int):
        return names.get(pick, "a label that is gone")
    name = names.get(pick.label, "a label that is gone")
    return f"{name} {shown(quote_of(pick, document.texts))}"
