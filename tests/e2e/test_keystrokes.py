"""What an answer costs in keys: correcting a suggestion costs no more than accepting it, plus one.

Going to what is wrong in a text (Tab, arrows, or a click) is selecting and not counted.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.line import page_with_line
from tests.e2e.screen import expect_button, expect_picked, wait_for_document, wait_for_suggestion
from tests.e2e.spans import ENTITIES, saved_spans, select, suggest_spans

EXPOSURE = "00000000-0000-4000-8000-000000000001"
ACCEPTING = 1
CORRECTING = ACCEPTING + 1
LONG = {"labels": [f"Label {number:02}" for number in range(77)]}
SEVERAL = {"labels": ["Refund", "Late", "Praise"], "multiple": True}
TEXT = "Barack Obama met Merkel in Berlin."


def saved(world, document: int) -> list[str]:
    rows = world.server.rows(
        """select l.name from labeling_annotation a
           join labeling_answer w on w.annotation_id = a.id
           join projects_label l on l.id = w.label_id
           where a.document_id = ? and a.state = 'submitted' order by l.id""",
        document,
    )
    return [name for (name,) in rows]


def press(page: Page, *keys: str) -> int:
    for key in keys:
        page.keyboard.press(key)
    return len(keys)


def answered(world, page: Page, *keys: str) -> tuple[list[str], int]:
    """What is saved of the first document after these keys, and how many they were."""
    cost = press(page, *keys)
    wait_for_document(page, world.documents[1])
    return saved(world, world.documents[0]), cost


@pytest.fixture
def few(world) -> Page:
    world.seed("one", "two")
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])
    line.suggest(page, 0.7, 0.2, 0.1, document=world.documents[0], exposure=EXPOSURE)
    wait_for_suggestion(page, "Refund")
    return page


@pytest.fixture
def many(world) -> Page:
    """The likeliest are the labels 40, 41, 42, 43 and 44, in this order."""
    world.seed("one", "two", questions=[{**LONG, "required": False}])
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])
    scores = [0.01] * 40 + [0.3, 0.2, 0.15, 0.1, 0.05] + [0.0] * 32
    line.suggest(page, *scores, document=world.documents[0], exposure=EXPOSURE)
    wait_for_suggestion(page, "Label 40")
    return page


@pytest.fixture
def several(world) -> Page:
    """Refund and Late are suggested, Praise is not."""
    world.seed("one", "two", questions=[SEVERAL])
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])
    ids = [int(one.get_attribute("data-label") or 0) for one in page.locator(".choice").all()]
    line.say(
        type="suggestion",
        document=world.documents[0],
        question=int(page.locator(".question").get_attribute("data-question") or 0),
        exposure=EXPOSURE,
        model={"name": "topic", "version": "1.7"},
        items=[
            {"label": label, "score": score, "offered": score > 0.5}
            for label, score in zip(ids, (0.9, 0.8, 0.1), strict=True)
        ],
    )
    expect(page.locator(".choice[data-offered]")).to_have_count(2)
    expect(page.locator("#go")).to_have_attribute("aria-disabled", "false")
    return page


@pytest.fixture
def spans(world) -> Page:
    """Obama and Berlin are suggested as persons, Merkel is missed."""
    world.seed(TEXT, "two", questions=[ENTITIES])
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])
    offers = [("Barack Obama", 0, 0.9), ("Berlin", 0, 0.7)]
    suggest_spans(page, line, *offers, document=world.documents[0], exposure=EXPOSURE)
    expect(page.locator(".ink-mark.offer")).to_have_count(2)
    expect(page.locator("#go")).to_have_attribute("aria-disabled", "false")
    return page


def test_accepting_a_choice_costs_one_key(world, few):
    assert answered(world, few, "Enter") == (["Refund"], ACCEPTING)


def test_another_label_costs_one_key_more(world, few):
    assert answered(world, few, "3", "Enter") == (["Praise"], CORRECTING)


def test_accepting_one_of_very_many_costs_one_key(world, many):
    assert answered(world, many, "Enter") == (["Label 40"], ACCEPTING)


@pytest.mark.parametrize(("key", "label"), list(zip("12345", range(40, 45), strict=True)))
def test_any_of_the_likeliest_five_costs_one_key_more(world, many, key, label):
    shown = many.locator(f'.picks [data-key="{key}"]')
    expect(shown.locator(".key")).to_have_text(key)
    expect(shown.locator(".name")).to_have_text(f"Label {label}")

    assert answered(world, many, key, "Enter") == ([f"Label {label}"], CORRECTING)


def test_none_of_these_costs_one_key_more(world, many):
    assert answered(world, many, "0", "Enter") == ([], CORRECTING)


PRESS_AT_ONCE = """new MutationObserver(() => document.body.dispatchEvent(
  new KeyboardEvent('keydown', { key: '1', code: 'Digit1', bubbles: true })
)).observe(document.querySelector('.picks'), { childList: true })"""


def test_a_key_means_nothing_new_in_the_moment_the_likeliest_change(world):
    world.seed("one", "two", questions=[LONG])
    page, line = page_with_line(world)
    wait_for_document(page, world.documents[0])
    page.evaluate(PRESS_AT_ONCE)

    line.suggest(page, 0.9, document=world.documents[0], exposure=EXPOSURE)
    wait_for_suggestion(page, "Label 00")

    expect_picked(page)
    page.keyboard.press("1")
    expect_picked(page, "Label 00")


def test_accepting_several_costs_one_key(world, several):
    assert answered(world, several, "Enter") == (["Refund", "Late"], ACCEPTING)


def test_adding_a_missed_label_costs_one_key_more(world, several):
    assert answered(world, several, "Shift+Digit3", "Enter") == (
        ["Refund", "Late", "Praise"],
        CORRECTING,
    )


def test_leaving_out_a_wrong_label_costs_one_key_more(world, several):
    assert answered(world, several, "Shift+Digit1", "Enter") == (["Late"], CORRECTING)


def test_one_label_instead_of_several_costs_one_key_more(world, several):
    assert answered(world, several, "3", "Enter") == (["Praise"], CORRECTING)


def spans_of(world) -> list[tuple[str, str]]:
    return [(quote, label) for _, label, _, _, quote in saved_spans(world)]


def test_accepting_spans_costs_one_key(world, spans):
    cost = press(spans, "Enter")

    wait_for_document(spans, world.documents[1])
    assert spans_of(world) == [("Barack Obama", "Person"), ("Berlin", "Person")]
    assert cost == ACCEPTING


def test_removing_a_wrong_span_costs_one_key_more(world, spans):
    press(spans, "Tab", "Tab")

    cost = press(spans, "Backspace", "Enter")

    wait_for_document(spans, world.documents[1])
    assert spans_of(world) == [("Barack Obama", "Person")]
    assert cost == CORRECTING


def test_relabelling_a_span_costs_one_key_more(world, spans):
    press(spans, "Tab", "Tab")

    cost = press(spans, "Shift+Digit2")
    expect_button(spans, "Submit and next")
    cost += press(spans, "Enter")

    wait_for_document(spans, world.documents[1])
    assert spans_of(world) == [("Barack Obama", "Person"), ("Berlin", "Place")]
    assert cost == CORRECTING


def test_adding_a_missed_span_costs_one_key_more(world, spans):
    select(spans, 17, 23)
    expect(spans.locator("#span-bar")).to_be_attached()

    cost = press(spans, "Shift+Digit1", "Enter")

    wait_for_document(spans, world.documents[1])
    names = ["Barack Obama", "Merkel", "Berlin"]
    assert spans_of(world) == [(name, "Person") for name in names]
    assert cost == CORRECTING
