"""What came from what, drawn, as a list and as JSON."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inference.lineage.drawing import drawn
from inference.lineage.graph import TITLES, Graph, Viewer
from inference.lineage.starts import lineage_of, usual_start
from inference.models import ModelVersion
from projects.access import EXPORTERS, READERS, ProjectRequest, project_view
from projects.models import Label, Project, User

MOST_OFFERED = 30


@require_GET
@project_view(READERS)
def lineage(request: ProjectRequest, project: Project) -> HttpResponse:
    """The graph around `?from=kind:id`, without it around the model that suggests."""
    start = request.GET.get("from") or usual_start(project)
    graph = lineage_of(project, start, viewer_of(request)) if start else None
    offered = choices(project, viewer_of(request))
    context = {
        "active": "models",
        "project": project,
        "graph": graph,
        "start_offered": graph and any(graph.start in dict(each) for _, each in offered),
        "start": graph.nodes[graph.start] if graph else None,
        "drawing": drawn(graph) if graph else None,
        "listed": listed(graph) if graph else [],
        "choices": offered,
    }
    return render(request, "inference/lineage.html", context)


@require_GET
@project_view(READERS)
def lineage_json(request: ProjectRequest, project: Project) -> JsonResponse:
    start = request.GET.get("from") or usual_start(project)
    if not start:
        return JsonResponse(Graph(project, viewer_of(request)).as_json())
    return JsonResponse(lineage_of(project, start, viewer_of(request)).as_json())


def viewer_of(request: ProjectRequest) -> Viewer:
    return Viewer(request.user.pk, request.membership.role in EXPORTERS)


def listed(graph: Graph) -> list[tuple[str, list[dict[str, Any]]]]:
    """The same as the drawing: layer by layer, under each node what it was made from."""
    layers = sorted({node.layer for node in graph.nodes.values()})
    return [
        (
            TITLES[layer],
            [
                {"node": node, "sources": graph.sources(node.key)}
                for node in graph.nodes.values()
                if node.layer == layer
            ],
        )
        for layer in layers
    ]


def choices(project: Project, viewer: Viewer) -> list[tuple[str, list[tuple[str, str]]]]:
    """Where one can start, by sort: the value of the address and its words. Four queries."""
    versions = ModelVersion.objects.in_project(project).select_related("question")
    datasets = project.dataset_versions.order_by("-number")[:MOST_OFFERED]
    labels = Label.objects.filter(question__project=project).select_related("question")
    members = User.objects.filter(memberships__project=project).order_by("username")
    people = members if viewer.sees_people else members.filter(pk=viewer.user)
    sorts: list[tuple[str, list[tuple[str, str]]]] = [
        (
            "Model versions",
            [
                (f"model:{each.pk}", f"{each} · {each.question.shown_title}")
                for each in versions.order_by("-pk")[:MOST_OFFERED]
            ],
        ),
        ("Dataset versions", [(f"dataset:{each.pk}", str(each)) for each in datasets]),
        (
            "Labels",
            [
                (f"label:{each.pk}", f"{each.name} · {each.question.shown_title}")
                for each in labels[:MOST_OFFERED]
            ],
        ),
        ("People", [(f"annotator:{each.pk}", each.shown_name) for each in people[:MOST_OFFERED]]),
    ]
    return [(title, offered) for title, offered in sorts if offered]
