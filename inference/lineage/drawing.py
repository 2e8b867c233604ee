"""The graph as boxes and lines, in pixels: layers from left to right, empty ones left out."""

from __future__ import annotations

from dataclasses import dataclass

from inference.lineage.graph import TITLES, Graph, Node

WIDTH, GAP, STEP = 208, 56, 20
HEAD, LINE, PADDING, TOP = 26, 18, 14, 32
MOST_IN_LAYER = 12
TITLE_LENGTH, LINE_LENGTH = 23, 29


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
    """Boxes of a layer stand under each other, each layer in the middle of the height."""
    filled = sorted({node.layer for node in graph.nodes.values()})
    columns = [[n for n in graph.nodes.values() if n.layer == layer] for layer in filled]
    tallest = max((_tall(column) for column in columns), default=0)
    layers = [
        Layer(
            title=TITLES[layer],
            x=1 + place * (WIDTH + GAP),
            boxes=_boxes(column, graph.start, x=1 + place * (WIDTH + GAP), tallest=tallest),
            more=max(len(column) - MOST_IN_LAYER, 0),
            more_y=TOP + (tallest + _tall(column)) // 2 - 4,
        )
        for place, (layer, column) in enumerate(zip(filled, columns, strict=True))
    ]
    boxes = {box.node.key: box for layer in layers for box in layer.boxes}
    return Drawing(
        width=len(layers) * (WIDTH + GAP) - GAP + 2,
        height=TOP + tallest + 2,
        box_width=WIDTH,
        layers=layers,
        lines=[
            _line(boxes[made], boxes[of]) for made, of in graph.edges if {made, of} <= boxes.keys()
        ],
    )


def _boxes(nodes: list[Node], start: str, *, x: int, tallest: int) -> list[Box]:
    y = TOP + (tallest - _tall(nodes)) // 2
    boxes = []
    for node in nodes[:MOST_IN_LAYER]:
        lines = [
            Text(y + HEAD + LINE * row, _short(words, LINE_LENGTH))
            for row, words in enumerate(node.lines, start=1)
        ]
        title = _short(node.title, TITLE_LENGTH)
        boxes.append(Box(node, x, y, _height(node), title, lines, node.key == start))
        y += _height(node) + STEP
    return boxes


def _height(node: Node) -> int:
    return HEAD + LINE * len(node.lines) + PADDING


def _tall(nodes: list[Node]) -> int:
    shown = nodes[:MOST_IN_LAYER]
    rest = STEP + LINE if len(nodes) > len(shown) else 0
    return sum(map(_height, shown)) + STEP * (len(shown) - 1) + rest


def _line(made: Box, of: Box) -> str:
    """A curve from the right side of what was made to the left side of what it was made of."""
    if made.x == of.x:
        left, right, begin, end = made, of, made.x + WIDTH, made.x + WIDTH
        bend = begin + GAP // 2
    else:
        left, right = (made, of) if made.x < of.x else (of, made)
        begin, end = left.x + WIDTH, right.x
        bend = (begin + end) // 2
    a, b = left.middle, right.middle
    return f"M{begin},{a} C{bend},{a} {bend},{b} {end},{b}"


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"
