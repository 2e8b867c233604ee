"""From a model down to what taught it: dataset version, answers, people, guidelines."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Count, Max, Min
from django.urls import reverse

from corpus.models import DatasetVersion
from inference.lineage.graph import Graph, Node, counted
from inference.lineage.since import gone_labels, note_erased, taken_back
from inference.lineage.standing import PERSON, frozen_at, frozen_of, learnable, standing
from inference.models import ModelKind, ModelVersion
from labeling.models import Event
from labeling.models.event import EventQuerySet
from projects.models import Question, User

MOST = 6
"""Of one sort in the drawing; the rest is counted in one more."""
SAMPLE = 5
FROM_OUTSIDE = "What an imported or remote model learned from is not known here."
AS_OF_FREEZE = (
    "Who answered what is in a dataset version follows from the events, as of the freeze. What its "
    "filters by state or agreement left out is counted all the same, and so are answers beyond the "
    "number wanted."
)
AS_OF_EVENT = (
    "Of a live head, the answers that stood at its last event. It may have learned from fewer: "
    "people disagreed, or there were more than it keeps."
)


def trace_model(graph: Graph, version: ModelVersion, *, at: int | None = None) -> str:
    """A version and all it was made from; its key. `at`: the event a live version stood at."""
    until = version.last_event_id if at is None else at
    key = graph.add(model_node(graph, version, at=until))
    if version.base is not None:
        graph.add(model_node(graph, version.base), made=key)
        trace_model(graph, version.base)
    if version.dataset_version is not None:
        graph.edges[key, trace_dataset(graph, version.dataset_version)] = None
    elif version.kind in (ModelKind.LIVE, ModelKind.TUNED):
        _trace_live(graph, version, key, until or 0)
    elif version.kind in (ModelKind.FOLDER, ModelKind.REMOTE):
        graph.note(FROM_OUTSIDE)
    if gone := gone_labels(version):
        graph.note(
            f"{version} tells {counted(gone, 'label')} apart that the question has no more. "
            "They are never suggested."
        )
    return key


def trace_dataset(graph: Graph, version: DatasetVersion) -> str:
    """A dataset version, the answers that stood when it was frozen, and whose they were."""
    key = graph.add(dataset_node(graph, version))
    graph.note(AS_OF_FREEZE)
    note_erased(graph, version)
    until = frozen_at(version)
    events = frozen_of(version, project=graph.project, until=until)
    trace_answers(graph, events, made=key, until=until)
    return key


def _trace_live(graph: Graph, version: ModelVersion, key: str, until: int) -> None:
    graph.note(AS_OF_EVENT)
    question = version.question if several_questions(graph) else None
    events = learnable(standing(graph.project, until, question=question))
    trace_answers(graph, events, made=key, until=until)


def several_questions(graph: Graph) -> bool:
    return Question.objects.filter(project=graph.project).usable().count() > 1


def trace_answers(graph: Graph, events: EventQuerySet, *, made: str, until: int) -> None:
    """The answers as one node, behind it people and guidelines with how many are theirs."""
    rows: list[Any] = list(
        events.order_by()
        .annotate(person=PERSON)
        .values("person", "guideline")
        .annotate(answers=Count("pk"), first=Min("created_at"), last=Max("created_at"))
    )
    total = sum(row["answers"] for row in rows)
    key = f"answers:{made}"
    graph.add(_answers_node(graph, key, events, rows=rows, until=until), made=made)
    if total:
        _add_people(graph, key, rows)
        _add_guidelines(graph, key, rows)


def _answers_node(
    graph: Graph, key: str, events: EventQuerySet, *, rows: list[Any], until: int
) -> Node:
    total = sum(row["answers"] for row in rows)
    days = [row[end].date() for row in rows for end in ("first", "last")]
    begin, end = (min(days), max(days)) if days else (None, None)
    words = f"{end:%-d %b %Y}" if end else ""
    span = [words if begin == end else f"{begin:%-d %b} to {words}"] if words else []
    back = taken_back(events)
    since = [f"{n:,} {what} since" for what, n in back.items() if n]
    return Node(
        key=key,
        kind="answers",
        title=counted(total, "answer"),
        lines=(f"up to event {until}", *span, *since),
        facts={
            "answers": total,
            "until_event": until,
            "taken_back_since": back,
            "sample": _sample(graph, events),
        },
        exact=False,
        may_start=False,
    )


def _sample(graph: Graph, events: EventQuerySet) -> list[dict[str, Any]]:
    """The last few, for whoever may open documents."""
    if not graph.viewer.sees_people:
        return []
    newest: list[Event] = list(events.select_related("document").order_by("-pk")[:SAMPLE])
    return [
        {
            "event": event.pk,
            "what": event.get_kind_display(),
            "document": str(event.document),
            "document_url": reverse("document", args=[graph.project.slug, event.document_id]),
            "at": event.created_at.isoformat(),
        }
        for event in newest
    ]


def _add_people(graph: Graph, key: str, rows: list[Any]) -> None:
    by_person: Counter[int | None] = Counter()
    for row in rows:
        by_person[row["person"]] += row["answers"]
    imported = by_person.pop(None, 0)
    if imported:
        node = _people("imported", "Imported answers", "came with files")
        graph.share(node, imported, made=key)
    most = by_person.most_common(MOST) if graph.viewer.sees_people else []
    names = User.objects.in_bulk([person for person, _ in most if person])
    for person, answers in most:
        graph.share(person_node(names[person or 0]), answers, made=key)
    if hidden := len(by_person) - len(most):
        title = ("And " if most else "") + counted(hidden, "annotator")
        answers = by_person.total() - sum(count for _, count in most)
        graph.share(_people(f"people:{key}", title), answers, made=key)


def _people(key: str, title: str, *lines: str) -> Node:
    return Node(key=key, kind="people", title=title, lines=lines, exact=False, may_start=False)


def person_node(person: User) -> Node:
    return Node(
        key=f"annotator:{person.pk}",
        kind="annotator",
        title=person.shown_name,
        facts={"annotator": person.username},
        exact=False,
    )


def _add_guidelines(graph: Graph, key: str, rows: list[Any]) -> None:
    by_guideline: Counter[int | None] = Counter()
    for row in rows:
        by_guideline[row["guideline"]] += row["answers"]
    without = by_guideline.pop(None, 0)
    versions = graph.project.guideline_versions.in_bulk(list(filter(None, by_guideline)))
    for pk, answers in by_guideline.most_common(MOST):
        version = versions[pk or 0]
        node = Node(
            key=f"guideline:{version.pk}",
            kind="guideline",
            title=str(version),
            url=_page("guidelines", graph),
            facts={"number": version.number},
            exact=False,
            may_start=False,
        )
        graph.share(node, answers, made=key)
    if without and versions:
        graph.note(f"{counted(without, 'answer')} were given before there were guidelines.")


def model_node(
    graph: Graph, version: ModelVersion, *, at: int | None = None, lines: tuple[str, ...] = ()
) -> Node:
    """`at`: the event that a live version stood at; `lines`: what else to say of it."""
    name = f"{version.name} {version.number}.{at or 0}" if version.is_live else str(version)
    stage = version.get_stage_display() if version.stage else ""
    kind = " · ".join(filter(None, [version.get_kind_display(), stage.lower()]))
    return Node(
        key=f"model:{version.pk}",
        kind="live" if version.is_live else "model",
        title=name,
        lines=(kind, version.question.shown_title, *lines),
        url=reverse("model", args=[graph.project.slug, version.question.name, version.number]),
        facts={
            "name": version.name,
            "version": name.rpartition(" ")[2],
            "model_kind": version.kind,
            "stage": version.stage,
            "question": version.question.name,
            "last_event": at if version.is_live else version.last_event_id,
            "sha256": version.files or None,
            "learned_answers": version.parameters.get("answers"),
        },
    )


def dataset_node(graph: Graph, version: DatasetVersion, *, lines: tuple[str, ...] = ()) -> Node:
    made = version.created_at
    return Node(
        key=f"dataset:{version.pk}",
        kind="dataset",
        title=f"Dataset version {version.number}",
        lines=(counted(version.documents, "document"), f"{made:%-d %b %Y}", *lines),
        url=_page("dataset", graph, version.number) if graph.viewer.sees_people else "",
        facts={
            "number": version.number,
            "sha256": version.sha256,
            "documents": version.documents,
            "splits": version.counts.get("splits", {}),
            "frozen_at": made.isoformat(),
        },
    )


def _page(name: str, graph: Graph, *args: Any) -> str:
    return reverse(name, args=[graph.project.slug, *args])
