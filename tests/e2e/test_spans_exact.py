"""What is marked on the page is, to the character, what the database holds."""

from __future__ import annotations

import json
import random

from playwright.sync_api import expect

from tests.e2e.line import page_with_line
from tests.e2e.screen import wait_for_document
from tests.e2e.spans import ENTITIES, expect_marked, saved_spans, select, units

TORTURE = (
    "\r\nA😀b\rzwj 👩‍👩‍👧 end\r\n\ttab e\u0301 \u200bzero\u200d "
    "\u202eRTL\u202c שלום 東京 🇩🇪\u00a0\ufeffx\r\r\n\U0001d518\U0001d52b\u0085"
)
PIECES = [
    *"aZ9 .\n\t\r",
    "\r\n",
    "😀",
    "👩‍👩‍👧",
    "e\u0301",
    "\u200b",
    "\u202e",
    "ש",
    "東",
    "\U0001d518",
    "\u0085",
    "&",
    "<",
]
ROUND_TRIP = """async texts => {
  const {Field} = await import('/static/js/offsets.js');
  return texts.map(({html, spans}) => {
    const element = document.createElement('div');
    element.innerHTML = html;
    document.body.append(element);
    const field = new Field(element);
    const {offsets} = field;
    const found = spans.map(([start, end]) => {
      const range = field.rangeOfPoints(start, end);
      const from = field.unitOf(range.startContainer, range.startOffset);
      const to = field.unitOf(range.endContainer, range.endOffset);
      const points = [offsets.points(from), offsets.points(to)];
      return [range.toString(), offsets.slice(start, end), ...points];
    });
    element.remove();
    return [offsets.length, found];
  });
}"""


def test_every_span_of_a_torture_text_is_saved_as_it_was_selected(world):
    points = len(TORTURE)
    chosen = [(place, place + 1) for place in range(points) if TORTURE[place] not in "\r\n"]
    world.seed(TORTURE, "two", questions=[{**ENTITIES, "overlapping": True}])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    assert page.locator(".text").evaluate("one => one.textContent") == TORTURE

    for start, end in [(0, points), (2, 9), (4, 5), *chosen[::4]]:
        select(page, units(TORTURE, start), units(TORTURE, end))
        page.evaluate("document.querySelector('#text').focus()")
        page.keyboard.press("1")
    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])
    spans = saved_spans(world)
    assert len(spans) > 8
    assert [quote for *_, quote in spans] == [TORTURE[start:end] for _, _, start, end, _ in spans]


def test_hidden_characters_are_shown_on_demand_and_selected_one_by_one(world):
    world.seed("a\u200b\u202e👩‍👧 b", "two", questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    expect(page.locator(".ink-sign")).to_have_count(0)

    page.get_by_role("button", name="Show hidden characters").click()
    expect(page.locator(".ink-sign")).to_have_text(["ZWSP", "U+202E", "ZWJ"])
    for key in ("Control+ArrowRight",) * 2 + ("1",):
        page.keyboard.press(key)
    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])
    assert saved_spans(world) == [(world.documents[0], "Person", 1, 2, "\u200b")]


def test_characters_are_not_cut_by_keys_unless_hidden_ones_are_shown(world):
    world.seed("👩‍👩‍👧é", questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])

    for key in ("Control+ArrowRight", "1", "Control+ArrowRight", "2"):
        page.keyboard.press(key)

    expect_marked(page, ("👩‍👩‍👧", "Person"), ("é", "Place"))


def test_a_mark_inside_a_character_is_kept_with_a_warning(world):
    world.seed("\u200be\u0301a", "two", questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    page.get_by_role("button", name="Show hidden characters").click()
    for key in ("Control+ArrowRight", "Control+ArrowRight", "1", "Enter"):
        page.keyboard.press(key)

    wait_for_document(page, world.documents[1])
    expect(page.locator(".reading .notice")).to_contain_text("inside a character")
    assert saved_spans(world) == [(world.documents[0], "Person", 1, 2, "e")]


def test_offsets_never_drift_over_arbitrary_text(world):
    """Text as the server writes it, as the browser reads it, and back."""
    from labeling.templatetags.texts import exact

    world.seed("one", questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    dice = random.Random(7)
    cases = []
    for _ in range(300):
        text = "".join(dice.choices(PIECES, k=dice.randint(1, 40)))
        ends = [sorted(dice.sample(range(len(text) + 1), 2)) for _ in range(6) if text]
        cases.append((text, ends))

    posted = [{"html": exact(text), "spans": spans} for text, spans in cases]
    found = page.evaluate(ROUND_TRIP, json.loads(json.dumps(posted)))

    for (text, spans), (length, answers) in zip(cases, found, strict=True):
        assert length == len(text)
        for (start, end), answer in zip(spans, answers, strict=True):
            assert answer == [text[start:end], text[start:end], start, end]


def test_a_long_text_with_many_marks_stays_responsive(world):
    spans = 300
    words = "Barack Obama went to the city of London and said hello to everyone there. "
    text = words * (100_000 // len(words))
    world.seed(text, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    marks = [
        {"field": "text", "start": at * 320 + 1, "end": at * 320 + 12, "label": 0, "quote": ""}
        for at in range(spans)
    ]
    page.evaluate(
        """marks => {
          const label = Number(document.querySelector('[data-kind=span] .choice').dataset.label);
          const text = document.querySelector('.text').textContent;
          for (const mark of marks) {
            mark.label = label;
            mark.quote = text.slice(mark.start, mark.end);
          }
          const input = document.querySelector('input[data-spans]');
          input.value = JSON.stringify(marks);
          input.dispatchEvent(new Event('change', {bubbles: true}));
        }""",
        marks,
    )
    expect(page.locator(".mark-row")).to_have_count(spans)

    took = page.evaluate(
        """async () => {
          const press = key => document.body.dispatchEvent(
            new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
          const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
          const times = [];
          await frame();
          for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', '2', 'ArrowRight', 'z']) {
            const before = performance.now();
            press(key);
            await frame();
            times.push(performance.now() - before);
          }
          return times;
        }"""
    )

    assert max(took) < 1000, took
