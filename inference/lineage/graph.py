"""What came from what: nodes in layers, from what a model said to the people who taught it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from projects.models import Project

LAYERS = {
    "suggestion": 0,
    "live": 1,
    "model": 2,
    "dataset": 3,
    "label": 4,
    "document": 4,
    "answers": 4,
    "annotator": 5,
    "people": 5,
    "guideline": 5,
}
TITLES = ("Suggestions", "Live heads", "Fixed versions", "Dataset versions", "Answers", "People")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: whether names of people and single documents are for them."""

    user: int
    sees_people: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """`key`: kind and id, as addresses have it. `exact`: stored so; otherwise worked out from the
    events. `url`: its own page, if there is one for this viewer.
    """

    key: str
    kind: str
    title: str
    lines: tuple[str, ...] = ()
    url: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    exact: bool = True
    may_start: bool = True

    @property
    def layer(self) -> int:
        return LAYERS[self.kind]


@dataclass(slots=True)
class Graph:
    """`edges`: (what, made from what), by key. `notes`: what one must know to read it."""

    project: Project
    viewer: Viewer
    start: str = ""
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[tuple[str, str], None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, node: Node, *, made: str = "", of: str = "") -> str:
        """Keep a node; `made`: the key of what was made from it, `of`: of what it was made."""
        self.nodes.setdefault(node.key, node)
        if made:
            self.edges[made, node.key] = None
        if of:
            self.edges[node.key, of] = None
        return node.key

    def note(self, words: str) -> None:
        self.notes[words] = None

    def sources(self, key: str) -> list[Node]:
        return [self.nodes[source] for made, source in self.edges if made == key]

    def as_json(self) -> dict[str, Any]:
        return {
            "project": self.project.slug,
            "from": self.start,
            "nodes": [
                {
                    "id": node.key,
                    "kind": node.kind,
                    "title": node.title,
                    "exact": node.exact,
                    "url": node.url or None,
                    **node.facts,
                }
                for node in self.nodes.values()
            ],
            "edges": [{"of": made, "made_from": source} for made, source in self.edges],
            "notes": list(self.notes),
        }


def counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
