"""The graph as boxes and lines, in pixels: layers from left to right, empty ones left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from inference.lineage.graph import TITLES, Graph, Node

WIDTH, GAP, STEP, LANE = 188, 40, 20, 12
HEAD, LINE, PADDING, TOP = 26, 18, 14, 32
MOST_IN_LAYER = 12
TITLE_LENGTH, LINE_LENGTH = 19, 25


@dataclass(frozen=True, slots=True)
class Text:
    y: int
    words: str


@dataclass(frozen=True, slots=True)
class Box:
    node: Node
    x: int
    y: int
    height: int
    title: str
    lines: list[Text]
    is_start: bool

    @property
    def text_x(self) -> int:
        return self.x + PADDING

    @property
    def title_y(self) -> int:
        return self.y + HEAD

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def middle(self) -> int:
        return self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Layer:
    title: str
    x: int
    boxes: list[Box]
    more: int
    more_y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    box_width: int
    layers: list[Layer]
    lines: list[str]


def drawn(graph: Graph) -> Drawing:
    """Boxes of a layer stand under each other."""
    filled = sorted({node.layer for node in graph.nodes.values()})
    layers = []
    for place, layer in enumerate(filled):
        nodes = [node for node in graph.nodes.values() if node.layer == layer]
        x, more = 1 + place * (WIDTH + GAP), max(len(nodes) - MOST_IN_LAYER, 0)
        boxes = _boxes(nodes, graph.start, x=x)
        layers.append(Layer(TITLES[layer], x, boxes, more, boxes[-1].bottom + STEP))
    lines = _lines(graph, layers)
    lowest = max((layer.boxes[-1].bottom for layer in layers), default=TOP)
    return Drawing(
        width=len(layers) * (WIDTH + GAP) - GAP + 2,
        height=lowest + STEP + LANE * len(lines.under) + 2,
        box_width=WIDTH,
        layers=layers,
        lines=lines.all,
    )


def _boxes(nodes: list[Node], start: str, *, x: int) -> list[Box]:
    y, boxes = TOP, []
    for node in nodes[:MOST_IN_LAYER]:
        lines = [
            Text(y + HEAD + LINE * row, _short(words, LINE_LENGTH))
            for row, words in enumerate(node.lines, start=1)
        ]
        height = HEAD + LINE * len(node.lines) + PADDING
        title = _short(node.title, TITLE_LENGTH)
        boxes.append(Box(node, x, y, height, title, lines, node.key == start))
        y += height + STEP
    return boxes


class Lines(NamedTuple):
    """Paths, and those of them that go under the boxes between their ends."""

    all: list[str]
    under: list[str]


def _lines(graph: Graph, layers: list[Layer]) -> Lines:
    """What lies between the ends of a line would seem to be on it, so a long one goes below."""
    boxes = {box.node.key: box for layer in layers for box in layer.boxes}
    lines = Lines([], [])
    for made, of in graph.edges:
        if not {made, of} <= boxes.keys():
            continue
        left, right = sorted((boxes[made], boxes[of]), key=lambda box: box.x)
        between = [layer.boxes[-1].bottom for layer in layers if left.x < layer.x < right.x]
        if between:
            lines.under.append(_under(left, right, max(between) + LANE * (1 + len(lines.under))))
            lines.all.append(lines.under[-1])
        else:
            lines.all.append(_straight(left, right))
    return lines


def _straight(left: Box, right: Box) -> str:
    """A curve between neighbours; between two of one layer, along its right side."""
    begin, end = left.x + WIDTH, right.x if left.x < right.x else right.x + WIDTH
    bend = begin + GAP // 2
    return (
        f"M{begin},{left.middle} C{bend},{left.middle} {bend},{right.middle} {end},{right.middle}"
    )


def _under(left: Box, right: Box, lane: int) -> str:
    begin, end = left.x + WIDTH, right.x
    down, up = begin + GAP // 2, end - GAP // 2
    return (
        f"M{begin},{left.middle} C{down},{left.middle} {begin},{lane} {begin + GAP},{lane} "
        f"L{end - GAP},{lane} C{end},{lane} {up},{right.middle} {end},{right.middle}"
    )


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"
