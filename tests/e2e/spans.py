"""Marking parts of a text: what a person does, and what is kept of it."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

EXPOSURE = "0e1f6a5e-7c1b-4d5a-9f0e-2b1c3d4e5f60"
"""The server takes any id of this form, and marks only what it sent itself."""

ENTITIES = {
    "name": "entities",
    "kind": "span",
    "required": False,
    "labels": ["Person", "Place", "Company"],
}
NAMES = {**ENTITIES, "overlapping": True}

# Where characters `from` to `to` (UTF-16) of the first text lie on the screen.
WHERE = """([from, to]) => {
  const walker = document.createTreeWalker(document.querySelector('.text'), NodeFilter.SHOW_TEXT);
  let before = 0;
  const find = place => {
    while (place > before + walker.currentNode.length) {
      before += walker.currentNode.length;
      walker.nextNode();
    }
    return [walker.currentNode, place - before];
  };
  walker.nextNode();
  const range = document.createRange();
  range.setStart(...find(from));
  range.setEnd(...find(to));
  const boxes = [...range.getClientRects()].filter(box => box.width);
  const [first, last] = [boxes[0], boxes.at(-1)];
  return [first.left, first.top + first.height / 2, last.right, last.top + last.height / 2];
}"""


def units(text: str, point: int) -> int:
    return len(text[:point].encode("utf-16-le")) // 2


def select(page: Page, start: int, end: int) -> None:
    """Select these UTF-16 units as a screen reader or a thumb would: without a mouse."""
    page.evaluate(
        """([start, end]) => {
          const walker = document.createTreeWalker(
            document.querySelector('.text'), NodeFilter.SHOW_TEXT);
          const nodes = [];
          while (walker.nextNode()) nodes.push(walker.currentNode);
          const find = place => {
            for (const node of nodes) {
              if (place <= node.length) return [node, place];
              place -= node.length;
            }
          };
          getSelection().setBaseAndExtent(...find(start), ...find(end));
        }""",
        [start, end],
    )


def sweep(page: Page, start: int, end: int, *, inset: float = 1) -> None:
    """Drag the mouse over these UTF-16 units of the first text, a little within its edges."""
    left, top, right, bottom = page.evaluate(WHERE, [start, end])
    page.mouse.move(left + inset, top)
    page.mouse.down()
    page.mouse.move((left + right) / 2, (top + bottom) / 2)
    page.mouse.move(right - inset, bottom)
    page.mouse.up()


def point_at(page: Page, start: int, end: int) -> tuple[float, float]:
    left, top, right, bottom = page.evaluate(WHERE, [start, end])
    return (left + right) / 2, (top + bottom) / 2


def marked(page: Page) -> list[tuple[str, str]]:
    """(quote, label) of what the page is about to send."""
    names = {
        int(one.get_attribute("data-label") or 0): one.locator(".name").inner_text()
        for one in page.locator(".question[data-kind=span] .choice").all()
    }
    return [
        (span["quote"], names[span["label"]])
        for field in page.locator("input[data-spans]").all()
        for span in json.loads(field.input_value() or "[]")
    ]


def expect_marked(page: Page, *pairs: tuple[str, str]) -> None:
    rows = page.locator(".mark-row:not(.offer)")
    expect(rows).to_have_count(len(pairs))
    assert marked(page) == list(pairs)


def expect_note(page: Page, words: str) -> None:
    expect(page.locator("#said")).to_contain_text(words)


def saved_spans(world) -> list[tuple[int, str, int, int, str]]:
    """(document, label, start, end, quote) of every submitted span, as in the texts."""
    return world.server.rows(
        """select a.document_id, l.name, w.start, w.end, w.quote from labeling_annotation a
           join projects_project p on p.id = a.project_id
           join labeling_answer w on w.annotation_id = a.id
           join projects_label l on l.id = w.label_id
           where p.slug = ? and a.state = 'submitted'
           order by a.document_id, w.field, w.start, w.end, l.id""",
        world.slug,
    )


def suggest_spans(page: Page, line, *items, document: int, exposure: str = EXPOSURE) -> None:
    """items: (quote, place of the label, score)."""
    question = page.locator(".question[data-kind=span]").first
    labels = [
        int(one.get_attribute("data-label") or 0) for one in question.locator(".choice").all()
    ]
    text = page.locator(".text").first.evaluate("one => one.textContent")
    line.say(
        type="suggestion",
        document=document,
        question=int(question.get_attribute("data-question") or 0),
        exposure=exposure,
        model={"name": "entities", "version": "1.7"},
        items=[
            {
                "label": labels[label],
                "score": score,
                "offered": True,
                "field": "text",
                "start": text.index(quote),
                "end": text.index(quote) + len(quote),
            }
            for quote, label, score in items
        ],
    )
