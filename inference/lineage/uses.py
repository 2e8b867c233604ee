"""From a dataset version, a person, a label or a document up to the models it is in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import Count, Q
from django.urls import NoReverseMatch, reverse

from corpus.models import DatasetVersion
from corpus.versions.recipe import recipe_of
from inference.lineage.graph import Graph, Node, counted
from inference.lineage.sources import (
    MOST,
    _page,
    dataset_node,
    model_node,
    person_node,
)
from inference.lineage.standing import GIVES, GONE, PERSON, learnable, lets_in, standing
from inference.models import ModelKind, ModelVersion, Stage, Suggestion
from labeling.models import Answer, Event, EventKind
from projects.models import Document, DocumentState, Label, User

MOST_VERSIONS = 20
NEWEST = f"Of dataset versions the newest {MOST_VERSIONS} are looked at."
BY_NAME = "Labels are in dataset versions by name: under an earlier name it is not found."
ONCE_ANSWERED = (
    "Of a person, all that was answered before the freeze counts, also what was taken back or "
    "filtered out."
)
BLIND = (
    "The document is blind: in dataset versions it is for testing or calibration, and no model "
    "learned from it."
)
IF_FILTERED = (
    "A document is taken to be in a dataset version when an answer stood at the freeze. Filters "
    "and disagreement may have left it out; the version's files tell for certain."
)


def used_by(graph: Graph, versions: Collection[DatasetVersion]) -> None:
    """The models that were trained on these dataset versions, and the heads that stand on them."""
    trained = ModelVersion.objects.filter(dataset_version__in=versions)
    for model in trained.select_related("question", "project").order_by("-pk")[:MOST_VERSIONS]:
        graph.add(model_node(graph, model), of=f"dataset:{model.dataset_version_id}")
    heads = ModelVersion.objects.filter(base__dataset_version__in=versions)
    for head in heads.select_related("question", "project")[:MOST_VERSIONS]:
        graph.add(model_node(graph, head, at=head.last_event_id), of=f"model:{head.base_id}")


def suggested_for(graph: Graph, version: ModelVersion) -> None:
    """How many documents a version has suggested for, and the heads that stand on it."""
    documents = version.suggestions.aggregate(count=Count("document", distinct=True))["count"]
    for head in version.heads.select_related("question", "project"):
        graph.add(model_node(graph, head, at=head.last_event_id), of=f"model:{version.pk}")
    if not documents:
        return
    try:
        url = _page("predictions", graph)
    except NoReverseMatch:
        url = ""
    node = Node(
        key=f"suggestions:{version.pk}",
        kind="suggestion",
        title="Its suggestions",
        lines=(f"for {counted(documents, 'document')}",),
        url=url,
        facts={"documents": documents},
        may_start=False,
    )
    graph.add(node, of=f"model:{version.pk}")


def of_person(graph: Graph, person: User) -> str:
    """The dataset versions and live heads that hold answers of one person."""
    key = graph.add(person_node(person))
    theirs = (
        Event.objects.filter(project=graph.project, kind__in=GIVES)
        .annotate(person=PERSON)
        .filter(person=person.pk)
    )
    versions = [each for each in _newest(graph) if lets_in(each, person.pk)]
    counts = theirs.aggregate(
        **{
            f"in_{version.pk}": Count(
                "document", distinct=True, filter=Q(created_at__lte=version.created_at)
            )
            for version in versions
        }
    )
    held = {version: counts[f"in_{version.pk}"] for version in versions}
    _add_datasets(graph, key, {one: f"{n:,} answered by then" for one, n in held.items() if n})
    graph.note(ONCE_ANSWERED)
    for live in _live(graph):
        answers = learnable(standing(graph.project, live.last_event_id or 0))
        count = answers.annotate(person=PERSON).filter(person=person.pk).count()
        if count:
            _add_live(graph, live, key, (f"{counted(count, 'answer')} by them",))
    return key


def of_label(graph: Graph, label: Label) -> str:
    """The dataset versions whose counts name a label, and the heads that know it."""
    now = Answer.objects.filter(label=label, annotation__state="submitted").count()
    node = Node(
        key=f"label:{label.pk}",
        kind="label",
        title=label.name,
        lines=(label.question.shown_title, f"{counted(now, 'answer')} today"),
        facts={"label": label.name, "question": label.question.name, "answers": now},
    )
    key = graph.add(node)
    held = {version: _count_of(version, label) for version in _newest(graph)}
    _add_datasets(graph, key, {one: f"{n:,} with this label" for one, n in held.items() if n})
    graph.note(BY_NAME)
    for live in _live(graph, question=label.question_id):
        _add_live(graph, live, key, ("knows this label",))
    mapped = ModelVersion.objects.filter(question=label.question_id, kind=ModelKind.FOLDER)
    for model in mapped.select_related("question", "project"):
        if label.pk in (model.parameters.get("labels") or ()):
            graph.add(model_node(graph, model, lines=("mapped to it",)), of=key)
    return key


def _count_of(version: DatasetVersion, label: Label) -> int:
    for question in version.counts.get("questions", ()):
        if question["name"] == label.question.name:
            rows = (row for row in question["labels"] if row["name"] == label.name)
            return sum(sum(row["splits"].values()) for row in rows)
    return 0


def of_document(graph: Graph, document: Document) -> str:
    """What holds one document, and what was suggested for it."""
    events: list[Any] = list(document.events.annotate(person=PERSON).order_by("pk"))
    now = stood(events)
    key = graph.add(_document_node(graph, document, len(now)))
    people = {event.person: None for event in now if event.person}
    if graph.viewer.sees_people:
        for person in User.objects.filter(pk__in=people).order_by("pk")[:MOST]:
            graph.add(person_node(person), made=key)
    elif people:
        who = Node(
            key=f"people:{key}",
            kind="people",
            title=counted(len(people), "annotator"),
            exact=False,
            may_start=False,
        )
        graph.add(who, made=key)
    held = {
        version: "holds an answer to it"
        for version in _newest(graph)
        if _holds(version, document, events)
    }
    if document.is_blind:
        graph.note(BLIND)
    _add_datasets(graph, key, held, trained=not document.is_blind)
    graph.note(IF_FILTERED)
    for live in () if document.is_blind else _live(graph):
        if stood(event for event in events if event.pk <= (live.last_event_id or 0)):
            _add_live(graph, live, key, ())
    if may_tell(document):
        _add_suggestions(graph, document)
    return key


def _holds(version: DatasetVersion, document: Document, events: Iterable[Any]) -> bool:
    """Whether one of its answers stood at the freeze and the filters let it in."""
    blindness = recipe_of(version.recipe).filters.get("blind")
    if blindness and (blindness == "only") != document.is_blind:
        return False
    before = (event for event in events if event.created_at <= version.created_at)
    return any(lets_in(version, event.person) for event in stood(before))


def stood(events: Iterable[Any]) -> list[Any]:
    """Of one document's events, in order, those whose answers stand after the last of them."""
    every = list(events)
    acts = [event.kind for event in every if event.kind in GONE or _brings_back(event)]
    if acts and acts[-1] in GONE:
        return []
    replaced = {event.replaces_id for event in every}
    gives = (event for event in every if event.kind in GIVES or event.payload.get("answers"))
    return [event for event in gives if event.pk not in replaced]


def _brings_back(event: Event) -> bool:
    return event.kind == EventKind.RESTORE and "answers" not in event.payload


def may_tell(document: Document) -> bool:
    """Whether what a model said of it may be known: of a blind document once it is answered."""
    return not document.is_blind or document.state == DocumentState.DONE


def _add_suggestions(graph: Graph, document: Document) -> None:
    rows = document.suggestions.select_related(
        "model_version__question", "model_version__project", "label"
    )
    for row in rows.order_by("-pk")[:MOST]:
        at = event_of(row.version) if row.model_version.is_live else None
        model = graph.add(model_node(graph, row.model_version, at=at))
        graph.add(suggestion_node(graph, row), of=model)


def suggestion_node(graph: Graph, suggestion: Suggestion, *, hidden: bool = False) -> Node:
    said = "" if hidden else said_by(suggestion)
    facts: dict[str, Any] = {
        "version": suggestion.version,
        "document": suggestion.document_id,
        "at": suggestion.created_at.isoformat(),
    }
    if not hidden:
        facts |= {"items": suggestion.items}
    page = _page("document", graph, suggestion.document_id) if graph.viewer.sees_people else ""
    return Node(
        key=f"suggestion:{suggestion.pk}",
        kind="suggestion",
        title="A suggestion",
        lines=(said or "not told: the document is blind", f"version {suggestion.version}"),
        url=page,
        facts=facts,
    )


def said_by(suggestion: Suggestion) -> str:
    if not suggestion.items:
        return "nothing: it abstained"
    if suggestion.items[0].get("end") is not None:
        return counted(len(suggestion.items), "span")
    name = suggestion.label.name if suggestion.label else ""
    if not name:
        first = Label.objects.filter(pk=suggestion.items[0]["label"]).first()
        name = first.name if first else "a label that is gone"
    return f"{name} {suggestion.items[0]['score']:.0%}"


def event_of(version: str) -> int:
    """The event in a live version's name."""
    tail = version.partition(".")[2]
    return int(tail) if tail.isdecimal() else 0


def _document_node(graph: Graph, document: Document, answers: int) -> Node:
    return Node(
        key=f"document:{document.pk}",
        kind="document",
        title=str(document),
        lines=(f"{counted(answers, 'answer')} standing",),
        url=reverse("document", args=[graph.project.slug, document.pk])
        if graph.viewer.sees_people
        else "",
        facts={"document": document.pk, "external_id": document.external_id, "answers": answers},
    )


def _newest(graph: Graph) -> list[DatasetVersion]:
    versions = list(graph.project.dataset_versions.order_by("-number")[:MOST_VERSIONS])
    if len(versions) == MOST_VERSIONS:
        graph.note(NEWEST)
    return versions


def _add_datasets(
    graph: Graph, key: str, held: Mapping[DatasetVersion, str], *, trained: bool = True
) -> None:
    for version, words in held.items():
        graph.add(dataset_node(graph, version, lines=(words,)), of=key)
    if held and trained:
        used_by(graph, held.keys())


def _live(graph: Graph, *, question: int | None = None) -> list[ModelVersion]:
    """The live heads in use: those that learn on."""
    live = ModelVersion.objects.live().filter(project=graph.project, stage=Stage.CHAMPION)
    if question is not None:
        live = live.filter(question=question)
    return list(live.select_related("question", "project")[:MOST])


def _add_live(graph: Graph, live: ModelVersion, key: str, lines: tuple[str, ...]) -> None:
    graph.add(model_node(graph, live, at=live.last_event_id, lines=lines), of=key)
