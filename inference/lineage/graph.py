"""What came from what: nodes in layers, from what a model said to the people who taught it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
TITLES = (
    "Suggestions",
    "Live heads",
    "Fixed versions",
    "Dataset versions",
    "Answers",
    "People and guidelines",
)


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
    """`edges`: (what, made from what), by key, to how many answers lie on the way if that is
    known. `notes`: what one must know to read it.
    """

    project: Project
    viewer: Viewer
    start: str = ""
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[tuple[str, str], int | None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, node: Node, *, made: str = "", of: str = "") -> str:
        """Keep a node; `made`: the key of what was made from it, `of`: of what it was made."""
        self.nodes.setdefault(node.key, node)
        if made:
            self.edges[made, node.key] = None
        if of:
            self.edges[node.key, of] = None
        return node.key

    def share(self, node: Node, answers: int, *, made: str) -> None:
        """Keep somebody or something that many of the answers `made` came from; it says of all
        that hold it how many are its own.
        """
        self.nodes.setdefault(node.key, node)
        self.edges[made, node.key] = answers
        shares = [n for (_, of), n in self.edges.items() if of == node.key and n is not None]
        words = " and ".join(f"{n:,}" for n in shares)
        lines = (counted(answers, "answer") if len(shares) == 1 else f"{words} answers",)
        self.nodes[node.key] = replace(node, lines=(*lines, *node.lines))

    def note(self, words: str) -> None:
        self.notes[words] = None

    def sources(self, key: str) -> list[tuple[Node, int | None]]:
        """What a node was made from, with how many of its answers are whose."""
        return [(self.nodes[of], n) for (made, of), n in self.edges.items() if made == key]

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
            "edges": [
                {"of": made, "made_from": of, **({} if n is None else {"answers": n})}
                for (made, of), n in self.edges.items()
            ],
            "notes": list(self.notes),
        }


def counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
