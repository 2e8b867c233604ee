"""Where a lineage begins: `kind:id`, as addresses have it, looked up in one project."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404
from django.shortcuts import get_object_or_404

from inference.lineage.graph import Graph, Viewer
from inference.lineage.sources import trace_dataset, trace_model
from inference.lineage.uses import (
    event_of,
    may_tell,
    of_document,
    of_label,
    of_person,
    suggested_for,
    suggestion_node,
    used_by,
)
from inference.models import ModelVersion, Stage, Suggestion
from labeling.models import Annotation, Answer
from projects.models import DocumentState, Label, Project, User

MOST_DIGITS = 18
VERSIONS = ("question", "project", "dataset_version", "base__question", "base__dataset_version")


def lineage_of(project: Project, start: str, viewer: Viewer) -> Graph:
    """The graph around a starting point. Raises Http404 for one that is not there, or not for
    this viewer.
    """
    kind, _, number = start.partition(":")
    trace = STARTS.get(kind)
    if trace is None or not number.isdecimal() or len(number) > MOST_DIGITS:
        raise Http404("A lineage starts from a kind and a number, such as model:12.")
    graph = Graph(project, viewer)
    graph.start = trace(graph, int(number))
    return graph


def usual_start(project: Project) -> str:
    """The model that suggests now, else the newest one; empty where there is none."""
    versions = ModelVersion.objects.in_project(project)
    suggesting = versions.filter(stage=Stage.CHAMPION).order_by("question__position", "-pk")
    first = suggesting.first() or versions.order_by("-pk").first()
    return f"model:{first.pk}" if first else ""


def from_model(graph: Graph, number: int) -> str:
    versions = ModelVersion.objects.in_project(graph.project).select_related(*VERSIONS)
    version = get_object_or_404(versions, pk=number)
    key = trace_model(graph, version)
    suggested_for(graph, version)
    return key


def from_dataset(graph: Graph, number: int) -> str:
    version = get_object_or_404(graph.project.dataset_versions, pk=number)
    key = trace_dataset(graph, version)
    used_by(graph, [version])
    return key


def from_suggestion(graph: Graph, number: int) -> str:
    related = (*(f"model_version__{name}" for name in VERSIONS), "document__project", "label")
    rows = Suggestion.objects.filter(document__project=graph.project).select_related(*related)
    row = get_object_or_404(rows.exclude(document__state=DocumentState.STAGED), pk=number)
    hidden = not may_tell(row.document)
    key = graph.add(suggestion_node(graph, row, hidden=hidden))
    at = event_of(row.version) if row.model_version.is_live else None
    graph.edges[key, trace_model(graph, row.model_version, at=at)] = None
    return key


def from_answer(graph: Graph, number: int) -> str:
    """An answer that a suggestion stood behind: the suggestion, and what it came from."""
    answers = Answer.objects.filter(annotation__project=graph.project).select_related("annotation")
    answer = get_object_or_404(answers.exclude(model_version=""), pk=number)
    if not (graph.viewer.sees_people or answer.annotation.annotator_id == graph.viewer.user):
        raise Http404("Answers of others are not for everybody.")
    name, _, version = answer.model_version.rpartition(" ")
    rows = Suggestion.objects.filter(
        document=answer.annotation.document_id,
        question=answer.question_id,
        model_version__name=name,
        version=version,
    )
    row = rows.first()
    if row is None:
        raise Http404("The suggestion behind this answer is not kept.")
    return from_suggestion(graph, row.pk)


def from_annotator(graph: Graph, number: int) -> str:
    if not (graph.viewer.sees_people or number == graph.viewer.user):
        raise Http404("The work of others is not for everybody.")
    known = User.objects.filter(memberships__project=graph.project)
    former = User.objects.filter(annotations__project=graph.project)
    person = known.filter(pk=number).first() or former.filter(pk=number).first()
    if person is None:
        raise Http404("Nobody of this project.")
    return of_person(graph, person)


def from_label(graph: Graph, number: int) -> str:
    labels = Label.objects.filter(question__project=graph.project).select_related("question")
    return of_label(graph, get_object_or_404(labels, pk=number))


def from_document(graph: Graph, number: int) -> str:
    """For whoever may open documents, and for those who answered this one."""
    documents = graph.project.documents.exclude(state=DocumentState.STAGED)
    document = get_object_or_404(documents.select_related("project"), pk=number)
    theirs = Annotation.objects.finished().filter(document=document, annotator=graph.viewer.user)
    if not (graph.viewer.sees_people or theirs.exists()):
        raise Http404("Documents of others are not for everybody.")
    return of_document(graph, document)


STARTS: dict[str, Callable[[Graph, int], str]] = {
    "suggestion": from_suggestion,
    "answer": from_answer,
    "model": from_model,
    "dataset": from_dataset,
    "annotator": from_annotator,
    "label": from_label,
    "document": from_document,
}
